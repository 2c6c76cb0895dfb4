"""The register of accounts: read, published, kept; and who has looked through an account."""

import csv
import io
import json
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.collecting import approval, register
from app.collecting.approval import BadAccount, NewApproval
from app.collecting.register import Care, Entry
from app.database import db
from app.models import Account, Staff
from app.people.approvals import end_of, ending, how_long, last_day, needs_none
from app.people.rights import Act, may, may_review
from app.web import looks
from app.web.connect import decided_at
from app.web.guard import me, needs
from app.web.policy_words import FILE_COLUMNS, NOT_PUBLIC

bp = Blueprint("register", __name__)


@bp.get("/forteckning")
@needs(Act.READ_CASES)
def show() -> str:
    """The register, for everybody who works here."""
    now = clock.now()
    return render_template(
        "pages/register.html",
        rows=register.entries(now),
        public=current_app.config["REGISTER_PUBLIC"],
        now=now,
    )


@bp.get("/forteckning.<file_kind>")
@needs(Act.READ_CASES)
def file(file_kind: str) -> Response:
    """The register as a file, with the names of those who answer for each account."""
    return _file(file_kind, "forteckning", _columns(frozenset()))


@bp.get("/oppen-forteckning")
def public() -> str:
    """The published copy: for anybody, where the city has switched it on."""
    _must_be_public()
    return render_template("pages/register_public.html", rows=_published())


@bp.get("/oppen-forteckning.<file_kind>")
def public_file(file_kind: str) -> Response:
    """The published copy as a file."""
    _must_be_public()
    return _file(file_kind, "oppen-forteckning", _columns(NOT_PUBLIC))


def _must_be_public() -> None:
    if not current_app.config["REGISTER_PUBLIC"]:
        abort(404)


def _published() -> list[dict[str, str]]:
    """What of the register names nobody: accounts of the practice town are not in it."""
    now = clock.now()
    return [told_of(one) for one in register.entries(now) if not needs_none(one.account)]


def _columns(without: Collection[str]) -> list[str]:
    return [name for name, _title in FILE_COLUMNS if name not in without]


def told_of(entry: Entry) -> dict[str, str]:
    """One account as the register's files tell of it: text by column, dates as 2026-11-18."""
    account = entry.account
    owner = account.owner_department
    until = account.approved_until
    return {
        "channel": looks.channel_label(account.channel),
        "name": account.name,
        "url": account.url,
        "owner": looks.department_name(owner.slug, whole=True) if owner else city_wide(),
        "purpose": account.purpose,
        "contact": account.contact,
        "watched": account.watched,
        "approved_by": account.approved_by,
        "approved_on": str(clock.to_local(account.approved_at).date())
        if account.approved_at
        else "",
        "valid_until": str(last_day(until)) if until else "",
        "decision": account.decision,
        "responsible": register.names(entry.responsible),
        "stand_ins": register.names(entry.stand_ins),
    }


def city_wide() -> str:
    """The owner of a central account."""
    return gettext("Staden gemensamt (kommunikation)")


def _file(kind: str, name: str, columns: list[str]) -> Response:
    """CSV (semicolons, as Swedish spreadsheets read it) or JSON; 404 for anything else."""
    public = name != "forteckning"
    rows = _published() if public else [told_of(one) for one in register.entries(clock.now())]
    shown = [{column: row[column] for column in columns} for row in rows]
    if kind == "csv":
        return _download(_csv(shown, columns), "text/csv; charset=utf-8", f"{name}.csv")
    if kind != "json":
        abort(404)
    told = json.dumps(shown, ensure_ascii=False, indent=2)
    return _download(told, "application/json", f"{name}.json")


def _csv(rows: list[dict[str, str]], columns: list[str]) -> str:
    titles = {name: str(title) for name, title in FILE_COLUMNS}
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([titles[column] for column in columns])
    writer.writerows([[_plain(row[column]) for column in columns] for row in rows])
    return "\ufeff" + out.getvalue()


def _plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _download(told: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(told, content_type=kind, headers=headers)


# --- Keeping the register -------------------------------------------------------------------------


@bp.get("/konton/<int:account_id>/forteckning")
@needs(Act.CHANGE_ACCOUNTS)
def edit(account_id: int) -> str:
    """One account in the register: its approval, and who answers for it."""
    return _edit(_account(account_id), {}, "")


def _account(account_id: int) -> Account:
    account = db.session.get(Account, account_id)
    if account is None:
        abort(404)
    return account


def _edit(account: Account, given: Mapping[str, str], error: str) -> str:
    staff = select(Staff).where(Staff.active).order_by(Staff.name, Staff.id)
    return render_template(
        "pages/register_edit.html",
        account=account,
        approvals=approval.approvals_of(account.id),
        stands=how_long(account, clock.now()),
        people=list(db.session.scalars(staff)),
        parts=register.people_of(account.id),
        given=given,
        error=error,
        exempt=needs_none(account),
    )


@bp.post("/konton/<int:account_id>/godkannande")
@needs(Act.CHANGE_ACCOUNTS)
def approve(account_id: int) -> AnyResponse | tuple[str, int]:
    """Enter a new approval of the account."""
    account, form = _account(account_id), request.form
    decided, until = _day(form.get("datum", "")), _day(form.get("galler_till", ""))
    if decided is None or (until is None and form.get("galler_till", "").strip()):
        text = gettext("Skriv datum som 2026-11-18: när det beslutades, och sista dagen.")
        return _edit(account, form, text), 400
    new = NewApproval(
        form.get("chef", ""),
        decided_at(decided) or clock.now(),
        end_of(until) if until else None,
        form.get("dnr", ""),
    )
    try:
        approval.approve(account_id, new, by=me(), now=clock.now())
    except BadAccount as error:
        return _edit(account, form, str(error)), 400
    told = {"name": account.name, "day": last_valid_day(new.ends)}
    flash(gettext("%(name)s är godkänt till och med %(day)s.", **told), "ok")
    return redirect(url_for("register.edit", account_id=account_id))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


@bp.post("/konton/<int:account_id>/ansvar")
@needs(Act.CHANGE_ACCOUNTS)
def keep(account_id: int) -> AnyResponse | tuple[str, int]:
    """Keep who answers for the account and how it is watched."""
    account, form = _account(account_id), request.form
    care = Care(
        purpose=form.get("syfte", ""),
        watched=form.get("bevakas", ""),
        contact=form.get("kontakt", ""),
        review_hours=form.get("timmar", 0, type=int),
        responsible=_chosen("responsible"),
        stand_ins=_chosen("stand_in"),
    )
    try:
        register.change_care(account_id, care, by=me(), now=clock.now())
    except BadAccount as error:
        return _edit(account, form, str(error)), 400
    flash(gettext("Sparat."), "ok")
    return redirect(url_for("register.edit", account_id=account_id))


def _chosen(part: str) -> list[int]:
    """Those whom the form gives this part: a choice per person."""
    given: Mapping[str, Any] = request.form
    names = (name.removeprefix("person_") for name, told in given.items() if told == part)
    return [int(name) for name in names if name.isascii() and name.isdigit()]


@bp.post("/konton/<int:account_id>/granskat")
@needs(Act.MODERATE)
def review(account_id: int) -> AnyResponse:
    """The person has looked through the account."""
    account = register.reviewed(account_id, by=me(), now=clock.now())
    flash(gettext("Antecknat: du har gått igenom %(name)s.", name=account.name), "ok")
    return redirect(url_for("status.show"))


# --- What stands on other pages -------------------------------------------------------------------


@bp.app_template_global()
def approvals_ending() -> list[Any]:
    """Approvals that end soon or have ended, for those who can do something about it."""
    person = me()
    return list(ending(clock.now())) if may(person, Act.CHANGE_ACCOUNTS) else []


@bp.app_template_global()
def reviews_overdue() -> list[Any]:
    """Accounts that the person may look through, and that nobody has in time."""
    return [one for one in register.overdue(clock.now()) if may_review(me(), one.account)]


@bp.app_template_global()
def reviewed_accounts() -> list[tuple[Account, str]]:
    """Every account with the name of who last looked through it ('' nobody), for Läget."""
    entries = [one.account for one in register.entries(clock.now())]
    names = {row.id: row.name for row in db.session.execute(select(Staff.id, Staff.name))}
    return [(one, names.get(one.reviewed_by_id or 0, "")) for one in entries]


@bp.app_template_global()
def days_left(account: Account) -> int:
    """Whole days until the account's approval ends."""
    return how_long(account, clock.now()).days


@bp.app_template_global()
def may_review_now(account: Account) -> bool:
    """Whether the person may say that they have looked through it."""
    return may_review(me(), account)


@bp.app_template_filter()
def last_valid_day(until: datetime) -> str:
    """The last day of an approval: 22 nov 2026."""
    return looks.day(until - timedelta(microseconds=1))
