"""The keys: the help sheet, and a person's own."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response

from app.models import Staff
from app.people.own_keys import BadKeys, Refused, are_off, change_keys, keys_of, put_back
from app.people.rights import Act
from app.web.guard import me, needs

bp = Blueprint("keys", __name__)

GROUPS: tuple[tuple[LazyString, tuple[str, ...]], ...] = (
    (_l("I listan"), ("next", "previous", "open", "pick", "many", "filter", "search")),
    (_l("Skriva"), ("answer", "note", "forward", "insert", "template", "send", "undo")),
    (_l("Ärendet"), ("close", "take", "hand_over", "wait", "snooze", "unread")),
    (_l("Koppla om"), ("move1", "move2", "move3", "move")),
    (_l("Överallt"), ("call", "help", "leave")),
)
"""How the sheet is laid out; `open`, `send` and `leave` are the browser's own and stay."""

ACTS: dict[str, LazyString] = {
    "next": _l("Nästa ärende"),
    "previous": _l("Föregående ärende"),
    "open": _l("Öppna ärendet på raden"),
    "pick": _l("Välj raden, för att göra något med flera"),
    "search": _l("Sök"),
    "filter": _l("Filtrera listan"),
    "many": _l("Gör något med de valda"),
    "answer": _l("Svara offentligt"),
    "note": _l("Intern anteckning"),
    "forward": _l("Skicka vidare"),
    "insert": _l("Infoga tidigare svar eller mall"),
    "template": _l("Sök bland svarsmallarna"),
    "send": _l("Publicera eller spara"),
    "undo": _l("Ångra"),
    "close": _l("Markera klar"),
    "take": _l("Ta ärendet"),
    "hand_over": _l("Överlåt till kollega"),
    "wait": _l("Vänta på invånaren"),
    "snooze": _l("Lägg undan"),
    "unread": _l("Markera oläst"),
    "move1": _l("Koppla till första förslaget"),
    "move2": _l("Koppla till andra förslaget"),
    "move3": _l("Koppla till tredje förslaget"),
    "move": _l("Koppla till annan avdelning"),
    "call": _l("Registrera samtal eller besök"),
    "help": _l("Visa alla kortkommandon"),
    "leave": _l("Lämna rutan, eller stäng det som är öppet"),
}
"""What each key does, in words."""

FIXED = {"open": ("↵",), "send": ("Ctrl", "↵"), "leave": ("Esc",)}
"""What is pressed for the acts that cannot be changed."""

WHY_NOT: dict[str, LazyString] = {
    Refused.NOT_ONE: _l("Välj en enda bokstav, siffra eller ett tecken."),
    Refused.SPACE: _l("Mellanslag rullar sidan. Välj en annan tangent."),
    Refused.DEAD: _l("Den tangenten väntar på en bokstav och når aldrig sidan. Välj en annan."),
    Refused.BROWSER: _l("Den tangenten använder webbläsaren själv. Välj en annan."),
    Refused.TAKEN: _l("Två kommandon har samma tangent. Ge ett av dem en annan."),
}
"""Why a key cannot be chosen, and what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the sheet. `pressed`: what to press, one after the other; none: no key."""

    act: str
    words: LazyString
    pressed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The settings as they are shown: keys by act as typed, switched on or not, what is wrong."""

    keys: dict[str, str]
    on: bool
    refused: dict[str, LazyString]


@bp.get("/tangenter")
@needs(Act.SEE_STATUS)
def show() -> str:
    """Every key; with script only the sheet itself, for a dialog."""
    if request.headers.get("HX-Request"):
        return render_template("parts/keys_list.html")
    return render_template("pages/keys.html", form=keys_form())


@bp.post("/mitt-konto/tangenter")
@needs(Act.SEE_STATUS)
def change() -> Response | tuple[str, int]:
    """Keep the person's keys or put them all back; a key that cannot be chosen is told why."""
    if request.form.get("gor") == "aterstall":
        put_back(me())
        flash(gettext("Alla tangenter är som från början."), "ok")
        return redirect(url_for("keys.show"))
    prefix, off = "tangent_", "pa" not in request.form
    wanted = {
        name.removeprefix(prefix): value
        for name, value in request.form.items()
        if name.startswith(prefix)
    }
    try:
        change_keys(me(), off=off, wanted=wanted)
    except BadKeys as error:
        refused = {act: WHY_NOT[why] for act, why in error.refused.items()}
        form = Form(keys_of(me()) | wanted, not off, refused)
        return render_template("pages/keys.html", form=form), 400
    said = gettext("Kortkommandon är avstängda.") if off else gettext("Dina tangenter är sparade.")
    flash(said, "ok")
    return redirect(url_for("keys.show"))


@bp.app_template_global()
def keys_form() -> Form:
    """The settings as they stand."""
    return Form(keys_of(me()), not are_off(me()), {})


@bp.app_context_processor
def _words() -> dict[str, dict[str, LazyString]]:
    return {"key_words": ACTS}


@bp.app_template_global()
def key_groups() -> list[tuple[LazyString, list[Key]]]:
    """The sheet: what every key does for the person who reads it."""
    own = {act: (key.upper(),) if key else () for act, key in keys_of(me()).items()}
    pressed: dict[str, tuple[str, ...]] = own | FIXED
    return [(title, [Key(act, ACTS[act], pressed[act]) for act in acts]) for title, acts in GROUPS]


@bp.app_template_global()
def keys_told(staff: Staff) -> str:
    """What a page tells its script: "av", else act=key for every act that has a key."""
    if are_off(staff):
        return "av"
    return " ".join(f"{act}={key}" for act, key in keys_of(staff).items() if key)
