"""The figures of response times by a slow and obvious program: minute by minute, from raw events.

It knows nothing of the house's own: neither its calendar nor its replay nor its tallies. It knows
the stories that `a_year` tells, in which words, answers and closings come one after the other.
"""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays

HERE = ZoneInfo("Europe/Stockholm")
FIRST, LAST = date(2026, 10, 1), date(2027, 9, 30)
"""Both clock shifts, Easter on one of them, a year's end and week 53 of 2026."""
NOW = datetime(2027, 9, 30, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOMES = ("gata-park", "miljo", "utbildning")
CHANNELS = ("facebook", "x", "phone")
KINDS = ("fråga", "beröm", "felanmälan")
RED = {
    day
    for year in (2026, 2027, 2028)
    for day in holidays.country_holidays("SE", years=year, categories=("public", "de_facto"))
}
LUNCH_FROM, SUMMER_FROM = date(2027, 2, 1), date(2027, 4, 1)
"""From when miljo closes for lunch; from when the city has short days, squeeze days and summer."""
FOUR_HOURS_FROM, TWO_DAYS_FROM = date(2027, 1, 1), date(2027, 3, 1)
"""From when X is answered within four open hours, and utbildning within two working days."""

CALENDARS = (
    ("miljo", LUNCH_FROM,
     {day: [["08:00", "12:00"], ["13:00", "16:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}),
    ("", SUMMER_FROM,
     {**{day: [["08:00", "16:30"]] for day in ("mon", "tue", "wed", "thu", "fri")},
      "short": {"valborgsmassoafton": "12:00", "fore_kristi": "12:00"}, "squeeze": "closed",
      "summer": {"from": "06-15", "to": "08-15",
                 **{day: [["08:00", "15:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}}),
)  # fmt: skip
GOALS = (("", "x", FOUR_HOURS_FROM, 4, "hours"), ("utbildning", "", TWO_DAYS_FROM, 2, "days"))
ENDS = ("ours", "ours", "ours", "native", "phone", "closed", "wait", "gone", "")
OUTCOMES = ("referred", "no_answer_needed", "spam")


# --- The year -------------------------------------------------------------------------------------


def a_year(seed: int, cases: int, first_case: int = 1) -> list[dict[str, Any]]:
    """The ledger of a year: every time on a whole minute, sorted as it would have been written."""
    chance, lines = random.Random(seed), []
    for number in range(first_case, first_case + cases):
        span = int((NOW - datetime(2026, 10, 1, tzinfo=UTC)) / MINUTE) - 60
        asked = datetime(2026, 10, 1, 6, 0, tzinfo=UTC) + chance.randrange(span) * MINUTE
        lines += _story(chance, number, asked)
    lines = [line for line in lines if line["at"] <= NOW]
    return sorted(lines, key=lambda line: line["at"])


def _story(chance: random.Random, case: int, asked: datetime) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []

    def told(name: str, at: datetime, **more: Any) -> None:
        row = {"name": name, "at": at, "case_id": case, "message_id": None, "answer_id": None,
               "staff_id": None, "account_id": None, "source_id": None, "details": {}}  # fmt: skip
        details = {key: more.pop(key) for key in list(more) if key not in row}
        lines.append({**row, **more, "details": details})

    at, word = asked + chance.randrange(1, 30) * MINUTE, case * 10
    told("case_opened", at, account_id=1, channel=chance.choice(CHANNELS))
    for question in range(chance.choice((1, 1, 1, 2, 3))):
        told("message_received", at, message_id=word, published=asked.isoformat())
        if question == 0:
            sure = chance.random() < 0.8
            home = chance.choice((*HOMES, "ingen"))
            told("case_routed" if sure else "case_unsure", at + MINUTE, to=home,
                 kind=chance.choice(KINDS))  # fmt: skip
        at = _people_look(chance, told, at)
        at += chance.randrange(5, chance.choice((200, 2000, 9000))) * MINUTE
        ends = chance.choice(ENDS)
        at = _ends(chance, told, ends, asked, at, word)
        if ends and chance.random() < 0.5:
            at += chance.randrange(1, 500) * MINUTE
            told("case_closed", at, staff_id=1, outcome="answered")
        word += 2
        asked = at + chance.randrange(1, 3000) * MINUTE
        at = asked + chance.randrange(1, 30) * MINUTE
    return lines


def _people_look(chance: random.Random, told: Any, at: datetime) -> datetime:
    at += chance.randrange(2, 600) * MINUTE
    if chance.random() < 0.8:
        told("case_looked_at", at, staff_id=1)
    if chance.random() < 0.3:
        at += MINUTE
        told("case_handed_back", at, staff_id=2, was=chance.choice(HOMES))
    if chance.random() < 0.4:
        at += chance.randrange(1, 300) * MINUTE
        told("case_rerouted", at, staff_id=1, to=chance.choice((*HOMES, "ingen")), was="")
    if chance.random() < 0.5:
        told("case_snoozed", at, staff_id=1, until="")
        told("case_taken", at + MINUTE, staff_id=3)
    return at + 2 * MINUTE


def _ends(
    chance: random.Random, told: Any, what: str, asked: datetime, at: datetime, word: int
) -> datetime:
    if what == "ours":
        told("answer_queued", at - MINUTE, staff_id=3, answer_id=word)
        told("answer_sent", at, staff_id=3, answer_id=word)
    elif what == "native":
        seen = at + chance.randrange(1, 60) * MINUTE
        told("own_message_seen", seen, message_id=word + 1, published=at.isoformat())
        at = seen
    elif what == "phone":
        told("call_answered", at, staff_id=3)
    elif what == "closed":
        outcome = chance.choice(OUTCOMES)
        told("case_closed", at, staff_id=3, outcome=outcome, waited_since=asked.isoformat())
    elif what == "wait":
        told("case_waiting", at, staff_id=3)
    elif what == "gone":
        told("message_removed", at, message_id=word)
    return at


# --- The obvious calendar -------------------------------------------------------------------------


def spans_on(day: date, home: str) -> list[tuple[time, time]]:
    """When a department is open on a local day."""
    if day.weekday() >= 5 or day in RED:
        return []
    if home == "miljo" and day >= LUNCH_FROM:
        return [(time(8), time(12)), (time(13), time(16))]
    closes = time(16, 30)
    if day >= SUMMER_FROM:
        summer = (6, 15) <= (day.month, day.day) <= (8, 15)
        closes = time(15) if summer else closes
        if (day.month, day.day) == (4, 30) or day == date(2027, 5, 5):
            closes = time(12)
        one = timedelta(days=1)
        free = [d.weekday() >= 5 or d in RED for d in (day - one, day + one)]
        red = [d.weekday() < 5 and d in RED for d in (day - one, day + one)]
        if all(free) and any(red):
            return []
    return [(time(8), closes)]


def open_minutes(home: str) -> set[datetime]:
    """Every minute of the year (UTC, by its beginning) in which a department is open."""
    found, day = set(), FIRST - timedelta(days=3)
    while day <= LAST + timedelta(days=40):
        for opens, closes in spans_on(day, home):
            at = datetime.combine(day, opens, HERE).astimezone(UTC)
            while at < datetime.combine(day, closes, HERE).astimezone(UTC):
                found.add(at)
                at += MINUTE
        day += timedelta(days=1)
    return found


OPEN = {home: open_minutes(home) for home in (*HOMES, "")}


def counted(start: datetime | None, end: datetime | None, home: str) -> int | None:
    """Open minutes from one moment to another, one by one."""
    if start is None or end is None:
        return None
    total, at = 0, start
    while at < end:
        total += at in OPEN[home]
        at += MINUTE
    return total


def due_of(asked: datetime, home: str, channel: str) -> datetime:
    """By when it should have been answered."""
    day = asked.astimezone(HERE).date()
    if home == "utbildning" and day >= TWO_DAYS_FROM:
        days = 2
    elif channel == "x" and day >= FOUR_HOURS_FROM:
        at, left = asked, 240
        while left:
            left -= at in OPEN[home]
            at += MINUTE
        return at
    else:
        days = 1
    at = asked
    while at not in OPEN[home]:
        at += MINUTE
    day = at.astimezone(HERE).date()
    while days:
        day += timedelta(days=1)
        days -= bool(spans_on(day, home))
    return datetime.combine(day, spans_on(day, home)[-1][1], HERE).astimezone(UTC)


# --- The obvious figures --------------------------------------------------------------------------


def turns_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every turn of every case, from the raw lines in their order."""
    cases: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        cases[line["case_id"]].append(line)
    return [turn for case in cases.values() for turn in _turns(case)]


def _turns(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    now: dict[str, Any] | None = None
    home, since, kind, channel, aside, pending = "", None, "", "", False, None
    for line in lines:
        name, at, told = line["name"], line["at"], line["details"]
        if name == "case_opened":
            channel = told["channel"]
        elif name == "message_received":
            asked = datetime.fromisoformat(told["published"])
            if now is None:
                now = {"case": line["case_id"], "looked": None, "routes": [], "ended": "open",
                       "how": "", "outcome": "", "at": None, "closed": None, "words": {}}  # fmt: skip
                found.append(now)
            now["words"][line["message_id"]] = (asked, at)
        elif name in ("case_routed", "case_unsure", "case_rerouted"):
            to = told["to"] if name != "case_unsure" else ""
            aside, to = to == "ingen", "" if to == "ingen" else to
            since = since if to == home and to else at if to else None
            home, kind = to, told.get("kind", kind)
            if pending is not None:
                pending[1], pending = to or pending[1], None if to else pending
        elif name == "case_handed_back":
            pending = [told["was"], ""]
            if now is not None:
                now["routes"].append(pending)
            home, since, aside = "", None, False
        if now is not None and line["staff_id"] and now["looked"] is None:
            now["looked"] = at
        if name == "case_closed" and found and found[-1]["closed"] is None:
            found[-1]["closed"] = at
        ended = _ending(line, now)
        if now is not None:
            now |= {"home": home, "since": since, "kind": kind, "channel": channel, "aside": aside}
            now["asked"], now["received"] = map(min, zip(*now["words"].values(), strict=True))
            if ended:
                now |= ended
                now = None
    return found


def _ending(line: dict[str, Any], now: dict[str, Any] | None) -> dict[str, Any] | None:
    name, at = line["name"], line["at"]
    if now is None:
        return None
    if name == "answer_sent":
        return {"ended": "answered", "how": "answer", "at": at}
    if name == "own_message_seen":
        at = datetime.fromisoformat(line["details"]["published"])
        return {"ended": "answered", "how": "native", "at": at}
    if name == "call_answered":
        return {"ended": "answered", "how": "phone", "at": at}
    if name == "case_closed":
        return {"ended": "closed", "outcome": line["details"]["outcome"], "at": at}
    if name == "case_waiting":
        return {"ended": "set_waiting", "at": at}
    if name == "message_removed" and line["message_id"] in now["words"]:
        if len(now["words"]) == 1:
            return {"ended": "removed", "at": at}
        del now["words"][line["message_id"]]
    return None


def measured(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn with its minutes, its due time and whether it was in time."""
    home, asked = turn["home"], turn["asked"]
    answered = turn["at"] if turn["ended"] == "answered" else None
    routed = max(turn["since"], turn["received"]) if turn["since"] else None
    in_time = answered is not None and routed is not None and routed <= answered
    due = due_of(asked, home, turn["channel"])
    if turn["aside"] and answered is None:
        due = None
    return turn | {
        "due": due,
        "on_time": answered is not None and answered <= due,
        "waiting": None if answered is None else int((answered - asked) / MINUTE),
        "answering": counted(asked, answered, home),
        "looking": counted(asked, turn["looked"], home),
        "routing": counted(asked, routed, home) if in_time else None,
        "handling": counted(routed if in_time else turn["received"], answered, home),
        "closing": counted(asked, turn["closed"], home),
    }


MEASURES = ("waiting", "answering", "looking", "routing", "handling", "closing")


def figures(turns: list[dict[str, Any]]) -> tuple[Counter[str], dict[str, Counter[int]]]:
    """Counts and minutes of some turns."""
    counts: Counter[str] = Counter()
    minutes: dict[str, Counter[int]] = {name: Counter() for name in MEASURES}
    for turn in turns:
        counts["asked"] += 1
        counts[turn["ended"]] += 1
        if turn["ended"] == "answered":
            counts["on_time" if turn["on_time"] else "late"] += 1
            counts[turn["how"]] += 1
        if turn["ended"] == "closed":
            counts["closed_" + turn["outcome"]] += 1
        if turn["ended"] == "open":
            counts["open_no_demand"] += turn["aside"]
            counts["open_late"] += turn["due"] is not None and turn["due"] < NOW
        counts["handed_back"] += len(turn["routes"])
        for name in MEASURES:
            if turn[name] is not None:
                minutes[name][turn[name]] += 1
    return +counts, {name: +one for name, one in minutes.items()}


def middle(minutes: Counter[int], percent: int) -> int | None:
    """The value so many of a hundred do not exceed, out of the whole sorted list."""
    every = sorted(minutes.elements())
    if not every:
        return None
    place = 0
    while (place + 1) * 100 < len(every) * percent:
        place += 1
    return every[place]


def day_of(turn: dict[str, Any]) -> date:
    """The local day on which it was asked."""
    local: date = turn["asked"].astimezone(HERE).date()
    return local
