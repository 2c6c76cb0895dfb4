"""The policy: read by everybody, written by communications, every version kept."""

from collections.abc import Mapping
from functools import lru_cache

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from app.answers.moderate import HIDE_REASONS
from app.basics import clock
from app.collecting import register
from app.database import db
from app.models import Account, Case, PolicyVersion
from app.models.staff import Role
from app.people.approvals import needs_none
from app.people.policy import (
    RULES,
    BadPolicy,
    Policy,
    change_policy,
    policy_in_force,
    policy_of,
    posts_this_week,
    read_policy,
    versions,
)
from app.people.rights import ALLOWED, Act
from app.reports.moderation import Moderated, moderated
from app.web import policy_words
from app.web.guard import me, needs

bp = Blueprint("policy", __name__)


@bp.get("/policy")
@needs(Act.READ_CASES)
def show() -> str:
    """The policy that applies."""
    return _page(policy_in_force(), None)


@bp.get("/policy/<int:version_id>")
@needs(Act.READ_CASES)
def show_version(version_id: int) -> str:
    """The policy as it was in a version."""
    row = db.session.get(PolicyVersion, version_id)
    if row is None:
        abort(404)
    return _page(policy_of(row), row)


def _page(policy: Policy, version: PolicyVersion | None) -> str:
    now = clock.now()
    accounts = [one.account for one in register.entries(now)]
    return render_template(
        "pages/policy.html",
        policy=policy,
        version=version,
        versions=versions(),
        rules=[(rule, policy_words.RULES[rule]) for rule in RULES],
        texts={rule: text_of(policy, rule) for rule in RULES},
        reasons=policy_words.HIDE_REASONS,
        in_law=policy_words.IN_LAW,
        acts=policy_words.MAY,
        allowed=ALLOWED,
        roles=list(Role),
        waiting=[one for one in register.entries(now) if not one.approved],
        accounts=accounts,
        posts=posts_this_week(now),
        this_year=_this_year(),
    )


def _this_year() -> Moderated:
    """What has been hidden since New Year, by the clock in Stockholm."""
    now = clock.now()
    begins = clock.to_local(now).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return moderated(clock.utc(begins), now)


def text_of(policy: Policy, rule: str) -> str:
    """What a rule says: the city's own words, else those that Växeln brings."""
    return policy.texts.get(rule) or str(policy_words.RULES[rule].text)


@bp.get("/policy/andra")
@needs(Act.CHANGE_POLICY)
def edit() -> str:
    """The form."""
    policy = policy_in_force()
    kept = policy.as_settings()
    given = {f"text_{rule}": policy.texts.get(rule, "") for rule in RULES}
    given |= {name: str(kept[name]) for name in ("opens", "closes", "posts_a_week")}
    days = [*kept["election"], "", ""]
    given |= {"election_from": days[0], "election_to": days[1]}
    return _form(given, {})


@bp.post("/policy/andra")
@needs(Act.CHANGE_POLICY)
def change() -> AnyResponse | tuple[str, int]:
    """Let what the form says apply from now on."""
    try:
        policy = read_policy(request.form)
    except BadPolicy as error:
        too_long = gettext("Texten är för lång.")
        said = policy_words.BAD_POLICY.get(error.field)
        return _form(request.form, {error.field: str(said) if said else too_long}), 400
    if change_policy(policy, by=me(), now=clock.now()) is None:
        flash(gettext("Inget var ändrat, så samma version gäller."), "ok")
    else:
        flash(gettext("Den nya versionen gäller från och med nu."), "ok")
    return redirect(url_for("policy.show"))


def _form(given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "pages/policy_edit.html",
        given=given,
        errors=errors,
        rules=[(rule, policy_words.RULES[rule]) for rule in RULES],
    )


@bp.app_template_global()
def policy_hints(case: Case) -> list[str]:
    """What the policy asks somebody who answers here to think of; nothing of it is in the way."""
    policy, now, found = policy_in_force(), clock.now(), []
    if policy.is_election(now):
        found.append(text_of(policy, "election"))
    if not policy.is_usual_hour(now):
        hours = {"opens": f"{policy.opens:%H.%M}", "closes": f"{policy.closes:%H.%M}"}
        found.append(
            gettext("öppna svar ges vardagar %(opens)s–%(closes)s. Du kan svara ändå.", **hours)
        )
    return found


@bp.app_template_global()
def needs_no_approval(account: Account) -> bool:
    """Whether the account belongs to the practice town."""
    return needs_none(account)


@bp.app_template_global()
def called_reason(code: str) -> str:
    """A reason for hiding, as staff read it; a sentence of somebody's own stands for itself."""
    row = policy_words.HIDE_REASONS.get(code)
    return str(row[0]) if row else code


@bp.app_template_global()
def reason_options() -> Markup:
    """The reasons for hiding, to choose among, beside every comment that can be hidden."""
    return _options(str(get_locale()))


@lru_cache(maxsize=4)
def _options(_language: str) -> Markup:
    option = Markup('<option value="{}">{}</option>')
    return Markup().join(option.format(code, called_reason(code)) for code in HIDE_REASONS)
