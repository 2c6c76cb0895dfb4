"""How well routing does, and the rules beside the model."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.database import db
from app.models import Account, Rule
from app.people.rights import Act
from app.reports.routing import FEWEST, WEEKS, Quality, quality
from app.reports.trainings import changed_by, model_in_use, trainings
from app.routing.kept_model import before_path
from app.routing.learn import NoModelBefore, go_back
from app.routing.rules import LONGEST_WORDS, BadRule, add_rule, switch_rule, tallies
from app.web import charts, looks
from app.web.guard import me, needs
from classifiers.suggest import BadModel

bp = Blueprint("routing", __name__)

PERIODS = (4, WEEKS, 26)
"""Weeks that the page can look back."""
FIELDS = {
    "empty": "ord", "long": "ord", "nothing": "avdelning", "department": "avdelning",
    "account": "konto", "many": "",
}  # fmt: skip
"""Beside which field of the form it is told why a rule cannot be kept; '' above all of it."""


@bp.get("/koppling")
@needs(Act.SEE_ROUTING)
def show() -> str:
    """The figures of the last weeks, the confusions, and what the last trainings gave."""
    weeks = request.args.get("veckor", WEEKS, type=int)
    weeks = weeks if weeks in PERIODS else WEEKS
    threshold = current_app.config["ROUTING_THRESHOLD"]
    found = quality(me(), now=clock.now(), threshold=threshold, weeks=weeks)
    held = trainings()
    changed, changed_in_all = changed_by(held[0], me()) if held else ([], 0)
    return render_template(
        "pages/routing.html",
        quality=found,
        weeks=weeks,
        periods=PERIODS,
        threshold=threshold,
        fewest=FEWEST,
        now=clock.now(),
        drawn=_drawn(found),
        trainings=held,
        changed=changed,
        changed_in_all=changed_in_all,
        in_use=model_in_use(),
        can_go_back=before_path(current_app.config).exists(),
    )


def _drawn(found: Quality) -> dict[str, Any]:
    """Where everything in the charts lies."""
    return {
        "right": charts.line_of(found.weeks, lambda week: week.right),
        "unsure": charts.line_of(found.weeks, lambda week: week.unsure),
        "labels": charts.week_labels(found.weeks),
        "numbers": [charts.week_number(week) for week in found.weeks],
        "dots": charts.dots_of(found.bins),
        "weeks_frame": charts.WEEKS_FRAME,
        "certainty_frame": charts.CERTAINTY_FRAME,
    }


@bp.post("/koppling/tillbaka")
@needs(Act.CHANGE_RULES)
def put_model_back() -> AnyResponse:
    """Take the model before into use again; once more leads back."""
    try:
        version = go_back(current_app.config, now=clock.now(), by=me())
        flash(gettext("Modellen %(version)s används igen.", version=version), "ok")
    except NoModelBefore:
        flash(gettext("Det finns ingen tidigare modell att gå tillbaka till."), "warn")
    except BadModel as error:
        kept = gettext("Modellen byttes inte. Den som används nu är kvar.")
        flash(f"{error} {kept}", "warn")
    return redirect(url_for("routing.show"))


@bp.get("/koppling/regler")
@needs(Act.SEE_ROUTING)
def rules() -> str:
    """The rules as sentences, with how they have fared."""
    return _rules_page({}, {})


def _rules_page(given: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "pages/rules.html",
        all_rules=list(db.session.scalars(select(Rule).order_by(Rule.active.desc(), Rule.id))),
        tallies=tallies(),
        accounts=_accounts(),
        departments=looks.departments(),
        longest=LONGEST_WORDS,
        given=given,
        errors=errors,
    )


def _accounts() -> list[Account]:
    return list(db.session.scalars(select(Account).order_by(Account.name, Account.id)))


@bp.post("/koppling/regler")
@needs(Act.CHANGE_RULES)
def add() -> AnyResponse | tuple[str, int]:
    """Keep a new rule, or say beside which field what is missing."""
    given = {name: request.form.get(name, "") for name in ("konto", "ord", "avdelning", "bradskar")}
    known = {str(account.id): account.id for account in _accounts()}
    try:
        if given["konto"] and given["konto"] not in known:
            raise BadRule("account")
        add_rule(
            account_id=known.get(given["konto"]),
            words=given["ord"].replace("\x00", ""),
            department=given["avdelning"],
            urgent=given["bradskar"] == "ja",
            by=me(),
            now=clock.now(),
        )
    except BadRule as error:
        return _rules_page(given, {FIELDS[error.why]: why_not(error.why)}), 400
    flash(gettext("Regeln gäller från och med nästa meddelande."), "ok")
    return redirect(url_for("routing.rules"))


def why_not(why: str) -> str:
    """Why a rule cannot be kept, and what to do."""
    told = {
        "empty": gettext("Skriv minst ett ord, eller välj ett konto."),
        "nothing": gettext("Välj en avdelning, eller kryssa för att det brådskar."),
        "department": gettext("Avdelningen finns inte. Välj en annan."),
        "account": gettext("Kontot finns inte. Välj ett annat."),
        "long": gettext("Orden får vara högst %(n)d tecken. Korta dem.", n=LONGEST_WORDS),
        "many": gettext(
            "Det finns redan så många regler som får gälla samtidigt. Stäng av någon först, eller"
            " låt modellen lära sig av att ni kopplar om."
        ),
    }
    return told[why]


@bp.post("/koppling/regler/<int:rule_id>/<any(pa, av):way>")
@needs(Act.CHANGE_RULES)
def switch(rule_id: int, way: str) -> AnyResponse:
    """Switch a rule on or off; it is never deleted."""
    rule = switch_rule(rule_id, on=way == "pa", by=me(), now=clock.now())
    if rule is None:
        flash(gettext("Regeln finns inte."), "warn")
    elif rule.active:
        flash(gettext("Regeln gäller igen."), "ok")
    else:
        flash(gettext("Regeln är avstängd. Det som redan är kopplat ligger kvar."), "ok")
    return redirect(url_for("routing.rules"))
