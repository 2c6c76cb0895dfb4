"""How well cases find their department: the first suggestion held against where people left them.

Definitions (they also stand on the page). *Decided*: a case that a person has answered, closed or
moved, and that lies somewhere; its truth is where it lies now, `ingen` when it needs no answer.
*Right at first*: of the decided cases that the first suggestion, by the model or a rule, was sure
enough of to put somewhere, those that it put where they lie now. *Unsure*: of the decided cases,
those whose first suggestion was below the threshold, so that a person had to choose. What came
before an account was connected is never counted. A case belongs to the week of its first
suggestion.

The figures are the whole city's for everybody who may see them; the messages shown as examples
are only those of cases that the person may see.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.basics.clock import to_local
from app.database import db
from app.models import Case, Correction, Department, Staff, Suggestion
from app.models.case import Outcome, RoutedBy
from app.people.rights import visible_cases

WEEKS = 12
FEWEST = 10
"""A share of fewer cases than this says nothing, and is not told."""
BINS = 10
NO_ANSWER = "ingen"
MOST_CONFUSIONS = 8
MOST_ROUTES = 12
SHOWN = 3
Pair = tuple[str, str]
"""What the system said, and the truth."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def of(self) -> float | None:
        """The share, 0-1; None when it is of fewer than `FEWEST`."""
        return self.part / self.whole if self.whole >= FEWEST else None


@dataclass(frozen=True, slots=True)
class OfDepartment:
    """What became of the cases that a department had in the end."""

    slug: str
    decided: int
    right: Share
    unsure: int
    handed_back: int
    """How often this department said "not ours"."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """The system said one, people another: how often, with the newest cases one may see."""

    said: str
    truth: str
    count: int
    visible: int
    """Of how many of them the person may see the messages."""
    cases: list[Case]


@dataclass(frozen=True, slots=True)
class Bin:
    """Suggestions by the model of one range of certainty: how certain on the whole, how right."""

    low: float
    certainty: float
    right: Share


@dataclass(frozen=True, slots=True)
class Week:
    """One ISO week, by its first moment: of its decided cases, how many were right at first."""

    monday: datetime
    right: Share
    unsure: Share


@dataclass(frozen=True, slots=True)
class Route:
    """Hand-backs from one department, by where the case went next ('' nobody has chosen yet)."""

    said: str
    to: str
    count: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Everything the page shows of a period; `departments` with the most cases first."""

    since: datetime
    decided: int
    undecided: int
    right: Share
    unsure: Share
    handed_back: int
    departments: list[OfDepartment]
    confusions: list[Confusion]
    bins: list[Bin]
    weeks: list[Week]
    routes: list[Route]


def quality(viewer: Staff, *, now: datetime, threshold: float, weeks: int = WEEKS) -> Quality:
    """How routing has gone over the last so many whole weeks and this one, at `now` (aware UTC).

    `threshold` is the certainty (0-1) from which a suggestion decides.
    """
    mondays = _mondays(now, weeks)
    sums = _counted(viewer, mondays, threshold)
    handed = _handed_back(mondays[0])
    whole = sum(sums.by_truth.values(), Counter[str]())
    return Quality(
        since=mondays[0],
        decided=whole.total(),
        undecided=sums.undecided,
        right=_right(whole),
        unsure=_unsure(whole),
        handed_back=sum(route.count for route in handed),
        departments=_departments(sums, handed),
        confusions=_confusions(sums, viewer, mondays[0], threshold),
        bins=[
            Bin(place / BINS, sums.certainty[place] / n, Share(sums.bin_right[place], n))
            for place, n in sorted(sums.bin_count.items())
        ],
        weeks=[
            Week(monday, _right(sums.by_week[number]), _unsure(sums.by_week[number]))
            for number, monday in enumerate(mondays)
        ],
        routes=handed[:MOST_ROUTES],
    )


def _right(n: Counter[str]) -> Share:
    return Share(n["right"], n["right"] + n["wrong"])


def _unsure(n: Counter[str]) -> Share:
    return Share(n["unsure"], n.total())


@dataclass(slots=True)
class _Sums:
    """The cases of a period: how many `right`, `wrong` and `unsure`, by truth and by week."""

    undecided: int = 0
    by_truth: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_week: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    wrong: Counter[Pair] = field(default_factory=Counter)
    wrong_visible: Counter[Pair] = field(default_factory=Counter)
    bin_count: Counter[int] = field(default_factory=Counter)
    bin_right: Counter[int] = field(default_factory=Counter)
    certainty: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    """The sum of the certainties in each bin."""


def _departments(sums: _Sums, handed: Sequence[Route]) -> list[OfDepartment]:
    """Each department that had cases or handed some back, those with the most cases first."""
    back: Counter[str] = Counter()
    for route in handed:
        back[route.said] += route.count
    slugs = sums.by_truth.keys() | back.keys()
    found = [
        OfDepartment(slug, n.total(), _right(n), n["unsure"], back[slug])
        for slug in slugs
        for n in [sums.by_truth[slug]]
    ]
    return sorted(found, key=lambda one: (-one.decided, one.slug))


def _confusions(sums: _Sums, viewer: Staff, since: datetime, threshold: float) -> list[Confusion]:
    """The most frequent mistakes, with their newest cases as far as this person may see them."""
    most = sorted(sums.wrong.items(), key=lambda item: (-item[1], item[0]))[:MOST_CONFUSIONS]
    return [
        Confusion(
            *pair,
            count,
            sums.wrong_visible[pair],
            _newest(pair, viewer, since, threshold) if sums.wrong_visible[pair] else [],
        )
        for pair, count in most
    ]


def _mondays(now: datetime, weeks: int) -> list[datetime]:
    """When each of the weeks began in Stockholm (aware UTC): so many whole ones, and this one."""
    local = to_local(now)
    monday = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    monday -= timedelta(days=local.weekday())  # on the wall's clock, also over a shift
    return [
        (monday - timedelta(weeks=back)).astimezone(now.tzinfo) for back in range(weeks, -1, -1)
    ]


def _is_first() -> ColumnElement[bool]:
    """The case's first suggestion, by the model or a rule."""
    earlier = aliased(Suggestion)
    return (
        ~select(earlier.id)
        .where(earlier.case_id == Suggestion.case_id, earlier.id < Suggestion.id)
        .exists()
    )


_NEEDS_NO_ANSWER = or_(
    Case.no_answer_needed,
    and_(Case.outcome.is_not(None), Case.outcome.in_((Outcome.NO_ANSWER_NEEDED, Outcome.SPAM))),
)
_BY_PERSON = or_(
    Case.answered_at.is_not(None), Case.is_open.is_(False), Case.routed_by == RoutedBy.PERSON
)
_NOT_HISTORY = or_(Case.outcome.is_(None), Case.outcome != Outcome.HISTORY)


def _truth() -> ColumnElement[str]:
    """Where people left the case: a slug, `ingen`, or '' when nobody has decided yet."""
    return case(
        (~_BY_PERSON, ""), (_NEEDS_NO_ANSWER, NO_ANSWER), else_=func.coalesce(Department.slug, "")
    )


def _step(column: Any, steps: Sequence[Any], first: int = 0) -> ColumnElement[int]:
    """The number of the last step that a value reaches, found by halving; the first for less."""
    if len(steps) == 1:
        return literal(first)
    half = len(steps) // 2
    above = _step(column, steps[half:], first + half)
    return case((column >= steps[half], above), else_=_step(column, steps[:half], first))


def _counted(viewer: Staff, mondays: Sequence[datetime], threshold: float) -> _Sums:
    """All cases of the period in one statement, grouped there and summed up here."""
    groups = (
        Suggestion.department.label("said"),
        _truth().label("truth"),
        (Suggestion.certainty >= threshold).label("sure"),
        Suggestion.rule_id.is_not(None).label("by_rule"),
        _step(Suggestion.at, mondays).label("week"),
        _step(Suggestion.certainty, [step / BINS for step in range(BINS)]).label("bin"),
        visible_cases(viewer).label("visible"),
    )
    query = (
        select(*groups, func.count(), func.sum(Suggestion.certainty))
        .select_from(Suggestion)
        .join(Case, Case.id == Suggestion.case_id)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(Suggestion.at >= mondays[0], _is_first(), _NOT_HISTORY)
        .group_by(*(group.name for group in groups))
    )
    sums = _Sums()
    for said, truth, sure, by_rule, week, place, visible, n, certainty in db.session.execute(query):
        if not truth:
            sums.undecided += n
            continue
        what = "unsure" if not sure else "right" if said == truth else "wrong"
        sums.by_truth[truth][what] += n
        sums.by_week[week][what] += n
        if what == "wrong":
            sums.wrong[said, truth] += n
            sums.wrong_visible[said, truth] += n if visible else 0
        if not by_rule:  # a rule is certain by definition: it says nothing of the model
            sums.bin_count[place] += n
            sums.bin_right[place] += n if said == truth else 0
            sums.certainty[place] += certainty
    return sums


def decided_cases(
    since: datetime, before: datetime, viewer: Staff, *, sure: bool, threshold: float, most: int
) -> list[int]:
    """The decided cases first suggested in a time, those that were sure or those that were not.

    The first suggested before, as far as the person may see them. Times are aware UTC.
    """
    is_sure = Suggestion.certainty >= threshold
    wanted = (
        select(Case.id)
        .join(Suggestion, Suggestion.case_id == Case.id)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(
            Suggestion.at >= since,
            Suggestion.at < before,
            is_sure if sure else ~is_sure,
            _truth() != "",
            _is_first(),
            _NOT_HISTORY,
            visible_cases(viewer),
        )
    )
    return list(db.session.scalars(wanted.order_by(Suggestion.at, Suggestion.id).limit(most)))


def _newest(pair: Pair, viewer: Staff, since: datetime, threshold: float) -> list[Case]:
    """The newest cases of a confusion (what was said, truth) that this person may see."""
    said, truth = pair
    return list(
        db.session.scalars(
            select(Case)
            .join(Suggestion, Suggestion.case_id == Case.id)
            .outerjoin(Department, Department.id == Case.department_id)
            .where(
                Suggestion.at >= since,
                Suggestion.department == said,
                Suggestion.certainty >= threshold,
                _truth() == truth,
                _is_first(),
                _NOT_HISTORY,
                visible_cases(viewer),
            )
            .order_by(Suggestion.at.desc(), Suggestion.id.desc())
            .limit(SHOWN)
        )
    )


def _handed_back(since: datetime) -> list[Route]:
    """How often each department handed back, by where the case went next; most frequent first."""
    later, following = aliased(Correction), aliased(Correction)
    next_id = (
        select(func.min(later.id))
        .where(later.case_id == Correction.case_id, later.id > Correction.id)
        .correlate(Correction)
        .scalar_subquery()
    )
    to = func.coalesce(following.to_department, "")
    rows = db.session.execute(
        select(Correction.from_department.label("said"), to.label("to"), func.count().label("n"))
        .outerjoin(following, following.id == next_id)
        .where(Correction.handed_back, Correction.from_department != "", Correction.at >= since)
        .group_by("said", "to")
    )
    routes = [Route(row.said, row.to, row.n) for row in rows]
    return sorted(routes, key=lambda route: (-route.count, route.said, route.to))
