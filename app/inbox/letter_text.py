"""What letters to colleagues say: numbers, places, times and a link, and never a resident's word.

Written where no page is, so the words are taken from the pages' own catalogue, in the language of
the one who gets the letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from babel.dates import format_date
from babel.support import NullTranslations, Translations

from app.basics.clock import to_local

CATALOGUES = Path(__file__).parents[1] / "translations"
MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class CaseLine:
    """What a letter tells of one case. `limit`: by when somebody shall have answered, if one waits.

    `why` is a kind of `Mail`: routed, mentioned or approval; `mine`: it lies with this very person.
    """

    reference: str
    link: str
    channel: str
    kind: str
    department: str
    urgent: bool
    waiting_since: datetime | None
    limit: datetime | None
    why: str = "routed"
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person on a day: the number of cases, the foremost of them, and the rest."""

    count: int = 0
    late: int = 0
    cases: Sequence[CaseLine] = ()
    mentioned: Sequence[CaseLine] = ()
    approvals: Sequence[CaseLine] = ()
    accounts: Sequence[tuple[str, int | None]] = ()
    """Accounts whose approval ends: name, and days left (None: it is over)."""
    over: int = 0
    """To a manager: how many cases that they may see are past their due time, whoever has them."""
    overdue: Sequence[CaseLine] = ()
    """The furthest past of those."""

    def __bool__(self) -> bool:
        return bool(self.count or self.mentioned or self.approvals or self.accounts or self.over)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads it: the language, where the pages are, and the moment it is written."""

    language: str
    address: str
    now: datetime
    words: NullTranslations = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", words_in(self.language))

    @property
    def change_at(self) -> str:
        """Where one changes when letters come."""
        return f"{self.address}/mitt-konto"


@cache
def words_in(language: str) -> NullTranslations:
    """The catalogue of a language; Swedish is what stands in the code."""
    return Translations.load(CATALOGUES, [language])


def about_cases(lines: Sequence[CaseLine], reader: Reader) -> tuple[str, str]:
    """Subject and text of a letter about one case or several that have just come to a person."""
    say = reader.words
    if len(lines) == 1:
        subject, opening = _of_one(lines[0], reader)
    else:
        number = {"n": len(lines)}
        subject = say.gettext("Växeln: %(n)d ärenden") % number
        opening = say.gettext("%(n)d ärenden har kommit till dig eller din avdelning.") % number
    shown = [_paragraph(line, reader, tell_why=len(lines) > 1) for line in lines[:MOST_LINES]]
    more = [_more(len(lines) - MOST_LINES, reader)] if len(lines) > MOST_LINES else []
    return subject, _text([opening, *shown, *more], reader)


def _of_one(line: CaseLine, reader: Reader) -> tuple[str, str]:
    """Subject and first sentence of a letter about one case."""
    say, number = reader.words, {"number": line.reference}
    if line.why == "approval":
        subject = say.gettext("Växeln: ett svar väntar på godkännande, %(number)s")
    elif line.why == "mentioned":
        subject = say.gettext("Växeln: du är nämnd i %(number)s")
    elif line.urgent:
        subject = say.gettext("Växeln: brådskande ärende %(number)s")
    else:
        subject = say.gettext("Växeln: nytt ärende %(number)s")
    return subject % number, _why(line, reader)


def _why(line: CaseLine, reader: Reader) -> str:
    say = reader.words
    if line.why == "approval":
        return say.gettext("En kollega har skrivit ett svar och ber dig godkänna det.")
    if line.why == "mentioned":
        return say.gettext("En kollega har nämnt dig i en anteckning.")
    if line.mine:
        return say.gettext("Ärendet ligger hos dig.")
    return say.gettext("Ärendet har kommit till din avdelning.")


def digest(waiting: Waiting, reader: Reader) -> tuple[str, str]:
    """Subject and text of the day's letter about all that waits."""
    say, parts = reader.words, []
    if waiting.count:
        told = say.ngettext(
            "%(num)d ärende väntar på dig eller din avdelning.",
            "%(num)d ärenden väntar på dig eller din avdelning.",
            waiting.count,
        )
        parts.append(told % {"num": waiting.count})
    if waiting.late:
        told = say.ngettext(
            "%(num)d av dem skulle redan ha besvarats.",
            "%(num)d av dem skulle redan ha besvarats.",
            waiting.late,
        )
        parts[-1] += " " + told % {"num": waiting.late}
    for title, lines in (
        (say.gettext("Svar som väntar på att du godkänner dem:"), waiting.approvals),
        (say.gettext("Anteckningar där du är nämnd:"), waiting.mentioned),
        (say.gettext("Ärenden, de som väntat längst först:"), waiting.cases),
    ):
        if lines:
            parts += [title, *(_paragraph(line, reader) for line in lines[:MOST_LINES])]
    if waiting.count > len(waiting.cases):
        parts.append(_more(waiting.count - len(waiting.cases), reader))
    parts += [*_over_time(waiting, reader), *_accounts(waiting, reader)]
    total = waiting.count + len(waiting.approvals) + len(waiting.mentioned) + len(waiting.accounts)
    total = total or waiting.over
    subject = say.ngettext("Växeln: %(num)d sak väntar", "Växeln: %(num)d saker väntar", total)
    return subject % {"num": total}, _text(parts, reader)


def _over_time(waiting: Waiting, reader: Reader) -> list[str]:
    """To a manager: what has not been answered in time, and where all of it stands."""
    if not waiting.over:
        return []
    told = reader.words.ngettext(
        "%(num)d ärende är över tiden. Det ligger på din lista tills någon har svarat:",
        "%(num)d ärenden är över tiden. De ligger på din lista tills någon har svarat:",
        waiting.over,
    ) % {"num": waiting.over}
    shown = (_paragraph(line, reader) for line in waiting.overdue[:MOST_LINES])
    return [told, *shown, f"{reader.address}/arenden?alder=over"]


def _accounts(waiting: Waiting, reader: Reader) -> list[str]:
    """Which accounts need a new approval, and where it is entered."""
    if not waiting.accounts:
        return []
    say, lines = reader.words, []
    for name, days in waiting.accounts:
        if days is None:
            told = say.gettext("%(name)s är stoppat: godkännandet gäller inte längre.")
            lines.append(told % {"name": name})
            continue
        told = say.ngettext(
            "%(name)s: godkännandet går ut om %(num)d dag.",
            "%(name)s: godkännandet går ut om %(num)d dagar.",
            days,
        )
        lines.append(told % {"name": name, "num": days})
    title = say.gettext("Konton som behöver ett nytt beslut av förvaltningschefen:")
    return [title, "\n".join([*lines, f"{reader.address}/forteckning"])]


def trial(reader: Reader) -> tuple[str, str]:
    """Subject and text of a letter that a person sends to themself."""
    say = reader.words
    told = say.gettext("Det här är ett provbrev. Det kom fram, så brev från Växeln når dig.")
    return say.gettext("Växeln: provbrev"), _text([told], reader)


def _paragraph(line: CaseLine, reader: Reader, *, tell_why: bool = False) -> str:
    """A case in three or four short lines, the link last."""
    say = reader.words
    head = line.reference + (", " + say.gettext("brådskande") if line.urgent else "")
    facts = ", ".join(part for part in (line.channel, _kind(line, reader), line.department) if part)
    told = [head, facts, _times(line, reader), line.link]
    if tell_why:
        told.insert(1, _why(line, reader))
    return "\n".join(part for part in told if part)


def _kind(line: CaseLine, reader: Reader) -> str:
    say = reader.words
    kinds = {
        "fråga": say.gettext("Fråga"),
        "synpunkt": say.gettext("Synpunkt"),
        "felanmälan": say.gettext("Felanmälan"),
        "beröm": say.gettext("Beröm"),
        "övrigt": say.gettext("Övrigt"),
    }
    return kinds.get(line.kind, "")


def _times(line: CaseLine, reader: Reader) -> str:
    """How long somebody has waited, and until when an answer is due."""
    if line.waiting_since is None or line.limit is None:
        return ""
    waited = _span(reader.now - line.waiting_since, reader)
    told = reader.words.gettext("Har väntat %(time)s.") % {"time": waited}
    if line.limit < reader.now:
        due = reader.words.gettext("Skulle ha besvarats senast %(when)s.")
    else:
        due = reader.words.gettext("Ska besvaras senast %(when)s.")
    return f"{told} {due % {'when': _moment(line.limit, reader)}}"


def _moment(at: datetime, reader: Reader) -> str:
    """24 nov 16.30, in Stockholm."""
    local = to_local(at)
    day = format_date(local, format="d MMM", locale=reader.language).replace(".", "")
    return f"{day} {local:%H.%M}"


def _span(span: timedelta, reader: Reader) -> str:
    minutes = max(int(span.total_seconds() // 60), 0)
    say = reader.words
    if minutes < 60:
        return say.gettext("%(n)d min") % {"n": minutes}
    if minutes < 48 * 60:
        return say.gettext("%(h)d t") % {"h": minutes // 60}
    return say.gettext("%(n)d dagar") % {"n": minutes // (24 * 60)}


def _more(count: int, reader: Reader) -> str:
    told = reader.words.ngettext("Och %(num)d ärende till:", "Och %(num)d ärenden till:", count) % {
        "num": count
    }
    return f"{told}\n{reader.address}/arenden"


def _text(parts: Sequence[str], reader: Reader) -> str:
    """The whole text, with how to turn letters off."""
    say = reader.words
    footer = say.gettext(
        "Brevet kommer från Växeln och går inte att svara på. Här ställer du in när du får brev:"
    )
    return "\n\n".join([*parts, f"-- \n{footer}\n{reader.change_at}"]) + "\n"
