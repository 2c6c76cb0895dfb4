"""What the manager's pages call their choices and their figures."""

from babel.support import NullTranslations
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.reports.cells import span
from app.reports.periods import Against, Period
from app.reports.tallies import NONE
from app.web import looks

ARGS = ("period", "fran", "till", "mot", "avdelning", "kanal", "typ")
"""The names in the address of a report."""

PERIODS: dict[str, LazyString] = {
    Period.WEEK: _l("Den här veckan"),
    Period.FOUR_WEEKS: _l("4 veckor"),
    Period.QUARTER: _l("Kvartal, 13 veckor"),
    Period.YEAR: _l("År, 52 veckor"),
    Period.OWN: _l("Egna datum"),
}
AGAINST: dict[str, LazyString] = {
    Against.BEFORE: _l("Perioden före"),
    Against.YEAR_BEFORE: _l("Samma veckor året före"),
}
KINDS: dict[str, LazyString] = {
    "fråga": _l("Fråga"),
    "synpunkt": _l("Synpunkt"),
    "felanmälan": _l("Felanmälan"),
    "beröm": _l("Beröm"),
    "övrigt": _l("Övrigt"),
    "ingen": _l("Ingen typ"),
}
BAD_PERIODS: dict[str, LazyString] = {
    "not_days": _l("Skriv båda datumen, som 2026-09-01."),
    "backwards": _l("Första dagen ska komma före den sista."),
    "ahead": _l("Perioden har inte börjat än. Välj en tidigare första dag."),
    "long": _l("Perioden får vara högst två år."),
}
"""Why days cannot be a period, by `BadPeriod.why`."""

FIGURES: dict[str, LazyString] = {
    "asked": _l("Frågor som kom in"),
    "due": _l("Besvarade frågor, och obesvarade över tiden"),
    "on_time": _l("Besvarade i tid"),
    "late": _l("Besvarade för sent"),
    "answered": _l("Besvarade frågor"),
    "answer": _l("Besvarade härifrån"),
    "native": _l("Besvarade direkt i kanalen"),
    "phone": _l("Besvarade på telefon"),
    "open": _l("Obesvarade frågor"),
    "open_late": _l("Obesvarade frågor över tiden"),
    "open_no_demand": _l("Frågor som inte behöver något svar"),
    "closed": _l("Avslutade utan svar"),
    "closed_no_answer_needed": _l("Avslutade: inget svar behövdes"),
    "closed_referred": _l("Avslutade: hänvisade vidare"),
    "closed_duplicate": _l("Avslutade: dubblett av ett annat ärende"),
    "closed_answered": _l("Avslutade som besvarade, utan svar i kanalen"),
    "closed_spam": _l("Avslutade som skräp"),
    "set_waiting": _l("Satta att vänta på invånaren, utan svar"),
    "removed": _l("Borttagna av den som skrev eller av kanalen"),
    "handed_back": _l("Frågor som lämnades tillbaka"),
    "closed_other": _l("Avslutade på annat sätt"),
    "written": _l("Skrivna frågor"),
    "calls": _l("Registrerade samtal"),
    "visits": _l("Registrerade besök"),
    "would_have_phoned": _l("Ärenden där invånaren annars hade ringt"),
    "routed_sure": _l("Avgjorda ärenden som systemet självt la hos en avdelning"),
    "routed_unsure": _l("Avgjorda ärenden som systemet lämnade till en person"),
    "backlog": _l("Obesvarade nu"),
    "backlog:day": _l("Obesvarade nu, under ett dygn"),
    "backlog:three_days": _l("Obesvarade nu, 1–3 dygn"),
    "backlog:week": _l("Obesvarade nu, 3–7 dygn"),
    "backlog:older": _l("Obesvarade nu, över en vecka"),
    "backlog_late": _l("Obesvarade nu, över tiden"),
}
"""What the cases behind a figure are."""

OF_NOW = ("backlog", "backlog_late")
"""Figures of this moment, whatever the days, the channel and the kind."""

MEASURES: dict[str, LazyString] = {
    "waiting": _l("väntetid"),
    "answering": _l("svarstid"),
    "looking": _l("tid till första titt"),
    "routing": _l("tid till rätt avdelning"),
    "handling": _l("handläggning"),
    "closing": _l("tid till avslut"),
}
DAYS: tuple[LazyString, ...] = (
    _l("måndag"), _l("tisdag"), _l("onsdag"), _l("torsdag"), _l("fredag"), _l("lördag"),
    _l("söndag"),
)  # fmt: skip


def figure(what: str, say: NullTranslations) -> str:
    """What the cases behind a figure have in common; `say` are the reader's words for times."""
    if what in FIGURES:
        return str(FIGURES[what])
    name, _, rest = what.partition(":")
    first, _, last = rest.partition(":")
    if name == "hours":
        day, _, hour = rest.partition("-")
        return gettext(
            "Frågor ställda en %(day)s kl. %(first)s–%(last)s",
            day=DAYS[int(day)], first=hour, last=f"{int(hour) + 2:02}",
        )  # fmt: skip
    if name == "route":
        left, _, right = rest.partition(">")
        to = gettext("ingen än") if right == NONE else looks.department_name(right)
        return gettext(
            "Lämnade tillbaka av %(one)s, sedan till %(other)s",
            one=looks.department_name(left), other=to,
        )  # fmt: skip
    if name == "measured":
        return gettext("Frågor med uppmätt %(measure)s", measure=str(MEASURES.get(first, first)))
    if name == "more":
        measure = str(MEASURES.get(first, first))
        return gettext(
            "Frågor med %(measure)s över %(time)s", measure=measure, time=span(int(last), say)
        )
    if not first:
        return gettext("Besvarade inom %(time)s", time=span(int(last), say))
    if not last:
        return gettext("Besvarade efter mer än %(time)s", time=span(int(first), say))
    return gettext(
        "Besvarade efter %(first)s–%(last)s", first=span(int(first), say), last=span(int(last), say)
    )
