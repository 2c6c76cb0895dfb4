"""Several cases at once: first what will happen to which, then done, then a way back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from app.basics import clock
from app.inbox import handle, many
from app.inbox.many import Plan
from app.people.rights import Act
from app.web import many_acts, words
from app.web.guard import me, needs
from app.web.inbox import side_context
from app.web.looks import reference
from app.web.many_acts import Choice
from app.web.wishes import address, query_of, wish_of_query

bp = Blueprint("many", __name__)


@bp.get("/arenden/flera")
@needs(Act.CLOSE)
def review() -> str | AnyResponse:
    """What will happen to which cases, and which are left; nothing is done yet."""
    picks = many.read_picks(request.args.getlist("val"))
    choice = many_acts.choice_of(request.args)
    if not picks or choice is None:
        flash(gettext("Välj minst ett ärende och vad som ska göras."), "warn")
        return _back()
    return _page(many.plan(picks, fits=many_acts.fits(choice, me()), by=me()), choice)


def _page(plan: Plan, choice: Choice, error: str = "") -> str:
    return render_template(
        "pages/many.html",
        plan=plan,
        choice=choice,
        name=many_acts.name_of(choice),
        changes=[(case, *many_acts.change(case, choice, me())) for case in plan.cases],
        stamp_of=many.stamp_of,
        needs_reason=choice.act == "klar" and choice.what in handle.NEED_REASON,
        needs_time=choice.act == "undan" and choice.what == many_acts.OWN_TIME,
        groups=many_acts.groups(),
        error=error,
        typed=request.form.get,
        query=_query(),
        back=_address(),
        **side_context(),
    )


@bp.post("/arenden/flera")
@needs(Act.CLOSE)
def do() -> str | AnyResponse | tuple[str, int]:
    """Do it to those that still stand as the page showed them; the others are named."""
    now, picks = clock.now(), many.read_picks(request.form.getlist("val"))
    choice = many_acts.choice_of(request.form)
    if not picks or choice is None:
        flash(gettext("Välj minst ett ärende och vad som ska göras."), "warn")
        return _back()
    fits = many_acts.fits(choice, me())
    error = many_acts.lacks(choice, now)
    if error:
        return _page(many.plan(picks, fits=fits, by=me()), choice, error), 400
    act = many_acts.doing(choice, by=me(), now=now)
    bulk, done = many.do_to_many(picks, name=choice.act, act=act, fits=fits, by=me(), now=now)
    said = f"{many_acts.name_of(choice)}: {_so_many(len(done.cases))}. {_named_left(done)}"
    if bulk is None:
        flash(said, "warn")
    else:
        flash(_with_way_back(said, bulk.id), "ok")
    return _back()


@bp.get("/arenden/flera/<int:bulk_id>")
@needs(Act.CLOSE)
def show(bulk_id: int) -> str | AnyResponse:
    """What one of the person's own acts on many did, and its undo."""
    bulk = many.act_of(bulk_id, me())
    if bulk is None:
        flash(gettext("Det finns inget sådant att ångra."), "warn")
        return _back()
    return render_template(
        "pages/many_done.html",
        bulk=bulk,
        name=words.MANY_ACTS[bulk.act],
        cases=many.cases_of(bulk, me()),
        **side_context(),
    )


@bp.post("/arenden/flera/<int:bulk_id>/angra")
@needs(Act.CLOSE)
def undo(bulk_id: int) -> AnyResponse:
    """Put back what nobody has changed since, and name what was left."""
    bulk = many.act_of(bulk_id, me())
    if bulk is None or bulk.undone_at is not None:
        flash(gettext("Det finns inget sådant att ångra."), "warn")
        return _back()
    back = many.put_back(bulk, by=me(), now=clock.now())
    n = len(back.cases)
    said = ngettext("%(num)d ärende är som förut.", "%(num)d ärenden är som förut.", n)
    flash(f"{said} {_named_left(back)}".strip(), "ok" if n else "warn")
    return redirect(url_for("many.show", bulk_id=bulk_id))


def _so_many(n: int) -> str:
    return str(ngettext("%(num)d ärende", "%(num)d ärenden", n))


def _named_left(plan: Plan) -> str:
    """Which cases were left, by reference; those one may not see are only counted."""
    if not plan.left:
        return ""
    names = [reference(case) for _pick, case, _why in plan.left if case is not None]
    unseen = len(plan.left) - len(names)
    if unseen:
        names.append(ngettext("%(num)d annat", "%(num)d andra", unseen))
    return gettext("Lämnades som de är: %(names)s.", names=", ".join(names))


def _with_way_back(said: str, bulk_id: int) -> Markup:
    """A sentence with its undo beside it: the button's form stands on the list's page."""
    undo_at, page = url_for("many.undo", bulk_id=bulk_id), url_for("many.show", bulk_id=bulk_id)
    return Markup(
        '{} <button class="link" type="submit" form="angra" formaction="{}">{}</button>'
        ' <a href="{}">{}</a>'
    ).format(said, undo_at, gettext("Ångra"), page, gettext("Visa"))


def _query() -> str:
    """The list that the person came from, as its address says it."""
    return query_of(wish_of_query(request.values.get("lista", "")))


def _address() -> str:
    return address(wish_of_query(_query()))


def _back() -> AnyResponse:
    return redirect(_address())
