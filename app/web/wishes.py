"""A list's address and the wish it stands for, and what the filters offer."""

from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import current_app, url_for
from flask_babel import get_locale, gettext
from markupsafe import Markup
from sqlalchemy import func, literal_column, select
from werkzeug.datastructures import MultiDict

from app.channels.base import all_channels
from app.database import db
from app.inbox.wishes import NO_ANSWER, Age, Order, View, Whose, Wish
from app.models import Account, Case, Staff
from app.people.rights import Act, may
from app.web import looks, words
from app.web.guard import me
from app.web.sureness import language_name

FILTERS = ("avdelning", "kanal", "typ", "alder", "bradskar", "sprak", "konto", "handlaggare")
"""The filters as they stand in addresses, in the order in which the form shows them."""
KEPT = ("vy", *FILTERS, "ordning", "efter")
"""All that says which list one is in, and on which page of it."""


def wish_of(args: MultiDict[str, str]) -> Wish:
    """What list an address asks for; what it cannot mean is passed over."""
    view, order, age = args.get("vy", ""), args.get("ordning", ""), args.get("alder", "")
    offered = offers()
    account = args.get("konto", 0, type=int)
    return Wish(
        view=View(view) if view in list(View) else View.OPEN,
        department=_one_of(args.get("avdelning", ""), (*looks.departments(), NO_ANSWER)),
        channel=_one_of(args.get("kanal", ""), all_channels()),
        kind=_one_of(args.get("typ", ""), words.KINDS),
        urgent=args.get("bradskar") == "ja",
        language=_one_of(args.get("sprak", ""), offered.languages),
        account=account if account in offered.accounts else 0,
        assignee=_one_of(args.get("handlaggare", ""), (*Whose, *map(str, offered.colleagues))),
        age=Age(age) if age in list(Age) else None,
        order=Order(order) if order in list(Order) else Order.LEAST_TIME,
        after=_after(args.get("efter", "")),
    )


def _one_of(said: str, known: Any) -> str:
    return said if said and said in known else ""


def _after(said: str) -> tuple[datetime, int] | None:
    """Where a page begins: a moment with its zone and a case's number; None for anything else."""
    at, _, number = said.rpartition("_")
    try:
        moment, case_id = datetime.fromisoformat(at), int(number)
    except ValueError:
        return None
    return (moment, case_id) if moment.tzinfo is not None and abs(case_id) < 2**63 else None


def args_of(wish: Wish) -> dict[str, str]:
    """What of a wish stands in an address; what is as usual is left out."""
    said = {
        "vy": wish.view.value if wish.view != View.OPEN else "",
        "avdelning": wish.department,
        "kanal": wish.channel,
        "typ": wish.kind,
        "alder": wish.age.value if wish.age else "",
        "bradskar": "ja" if wish.urgent else "",
        "sprak": wish.language,
        "konto": str(wish.account) if wish.account else "",
        "handlaggare": wish.assignee,
        "ordning": wish.order.value,
    }
    return {name: value for name, value in said.items() if value}


def address(wish: Wish, **changes: str | None) -> str:
    """The address of a list: the wish with some of it changed (None: left out)."""
    args: dict[str, Any] = {**args_of(wish), **changes}
    return url_for("inbox.show", **args)


def query_of(wish: Wish, *, ordered: bool = True) -> str:
    """A list's address after the "?", always written the same way; its order can be left out."""
    args = args_of(wish)
    return urlencode({name: args[name] for name in args if ordered or name != "ordning"})


def wish_of_query(query: str) -> Wish:
    """The wish that a kept address stands for, on its first page."""
    return replace(wish_of(MultiDict(parse_qsl(query))), after=None)


def kept_args(args: MultiDict[str, str]) -> dict[str, Any]:
    """What of a request's address says which list one came from: for the way back to it."""
    return {name: args[name] for name in KEPT if args.get(name)}


def title_of(wish: Wish) -> str:
    """What a list is called: its department or channel where only that is chosen, else its view."""
    on = [name for name in args_of(wish) if name in FILTERS]
    if wish.view == View.OPEN and on == ["avdelning"]:
        return looks.department_name(wish.department, whole=True)
    if wish.view == View.OPEN and on == ["kanal"]:
        return looks.channel_label(wish.channel)
    return str(words.VIEWS[wish.view.value][0])


@dataclass(frozen=True, slots=True)
class On:
    """A filter that is on: its name in the address, what it is called, what is chosen."""

    name: str
    label: str
    value: str


def filters_on(wish: Wish) -> list[On]:
    """The filters that a list carries, in words, in the order of the form."""
    args = args_of(wish)
    return [On(name, *filter_words(name, args[name])) for name in FILTERS if name in args]


def filter_words(name: str, value: str) -> tuple[str, str]:
    """What a filter and its value are called."""
    label = str(words.FILTERS[name])
    match name:
        case "avdelning":
            return label, looks.department_name(value)
        case "kanal":
            return label, looks.channel_label(value)
        case "typ":
            return label, str(words.KINDS[value][0])
        case "alder":
            return label, str(words.AGES[value])
        case "sprak":
            return label, language_name(value) or gettext("svenska")
        case "konto":
            return label, offers().accounts[int(value)]
        case "handlaggare":
            return label, _whose(value)
        case _:
            return label, gettext("ja")


def _whose(value: str) -> str:
    if value in words.WHOSE:
        return str(words.WHOSE[value])
    return offers().colleagues[int(value)].name


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works with cases; `department_id` None: with the whole city's."""

    name: str
    department_id: int | None


@dataclass(frozen=True, slots=True)
class Offers:
    """What there is to filter by: languages that residents write, accounts, colleagues."""

    languages: tuple[str, ...]
    accounts: dict[int, str]
    channels: frozenset[str]
    colleagues: dict[int, Colleague]


def offers() -> Offers:
    """Read from the database at most once in half a minute."""
    kept = current_app.extensions.get("filter_offers")
    if kept is None or monotonic() - kept[0] > 30:
        kept = (monotonic(), _offers())
        current_app.extensions["filter_offers"] = kept
    found: Offers = kept[1]
    return found


def _offers() -> Offers:
    accounts = db.session.execute(
        select(Account.id, Account.name, Account.channel).order_by(Account.name, Account.id)
    ).all()
    people = db.session.scalars(select(Staff).where(Staff.active).order_by(Staff.name))
    return Offers(
        languages=_languages(),
        accounts={row.id: f"{row.name} ({looks.channel_label(row.channel)})" for row in accounts},
        channels=frozenset(row.channel for row in accounts),
        colleagues={
            one.id: Colleague(one.name, one.department_id) for one in people if may(one, Act.CLOSE)
        },
    )


def _languages() -> tuple[str, ...]:
    """The languages that cases are in: from one to the next in the index, not through all cases."""
    found = select(func.min(Case.language).label("code")).cte("found", recursive=True)
    following = (
        select(func.min(Case.language)).where(Case.language > found.c.code).scalar_subquery()
    )
    found = found.union_all(select(following).where(found.c.code.is_not(None)))
    codes = db.session.scalars(
        select(found.c.code).where(found.c.code.is_not(None), found.c.code != literal_column("''"))
    )
    return tuple(codes)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a filter can be set to, drawn: a city has hundreds of colleagues to choose from."""

    name: str
    options: Markup

    def drawn(self, chosen: str | None) -> Markup:
        """The options, with the chosen one marked."""
        if not chosen:
            return self.options
        option = Markup('<option value="{}"').format(chosen)
        return Markup(self.options.replace(option, option + Markup(" selected"), 1))  # noqa: S704


def kept_choices() -> list[Choice]:
    """The choices in the reader's language, drawn anew when they change."""
    found = offers()
    key = (str(get_locale()), me().department_id)
    kept = current_app.extensions.setdefault("filter_choices", {})
    if key not in kept or kept[key][0] is not found:
        option = Markup('<option value="{}">{}</option>')
        drawn = [
            Choice(name, Markup().join(option.format(*one) for one in options))
            for name, options in choices().items()
        ]
        kept[key] = (found, drawn)
    said: list[Choice] = kept[key][1]
    return said


def choices() -> dict[str, list[tuple[str, str]]]:
    """What each filter can be set to, with words, in the order of the form."""
    found = offers()
    departments = [(slug, looks.department_name(slug)) for slug in looks.departments()]
    channels = [name for name in all_channels() if name in found.channels]
    people = [(value, str(text)) for value, text in words.WHOSE.items()]
    return {
        "avdelning": [*departments, (NO_ANSWER, looks.department_name(NO_ANSWER))],
        "kanal": [(name, looks.channel_label(name)) for name in channels],
        "typ": [(kind, str(name)) for kind, (name, _sign) in words.KINDS.items()],
        "alder": [(age, str(text)) for age, text in words.AGES.items()],
        "sprak": [(code, filter_words("sprak", code)[1]) for code in found.languages],
        "konto": [(str(number), name) for number, name in found.accounts.items()],
        "handlaggare": people + _colleagues(found),
    }


def _colleagues(found: Offers) -> list[tuple[str, str]]:
    """Those whose cases this person can come upon: all of them, or their department's."""
    near = (None, me().department_id)
    return [
        (str(number), one.name)
        for number, one in found.colleagues.items()
        if me().department_id is None or one.department_id in near
    ]
