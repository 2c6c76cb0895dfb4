"""What a case's page says of the cases tied to it: what it follows, what follows it, what came out.

Every query carries the rule of who may see what: of cases that a person may not see there is only
how many.
"""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, or_, select

from app.database import db
from app.models import Case, Message, Staff
from app.people.rights import visible_cases

MOST = 50
"""So many followers, related cases and words of theirs are shown, the newest of them."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A case that follows another, with the newest of its resident's words, the oldest first."""

    case: Case
    words: list[Message]


@dataclass(frozen=True, slots=True)
class Around:
    """The cases tied to one, as far as a person may see them.

    `put_back`: its words lie in `home` again. `hidden`: how many follow it that they may not see;
    `led_in_secret`: it follows one that they may not see.
    """

    leader: Case | None = None
    led_in_secret: bool = False
    home: Case | None = None
    put_back: bool = False
    followers: list[Follower] = field(default_factory=list)
    hidden: int = 0
    taken_out: list[Case] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(
            self.leader or self.led_in_secret or self.home or self.followers or self.hidden
            or self.taken_out
        )  # fmt: skip


def around(case: Case, staff: Staff) -> Around:
    """What is tied to a case; one statement for the ordinary case, to which nothing is."""
    above = {case.merged_into_id, case.split_from_id} - {None}
    rows = db.session.execute(
        select(Case, visible_cases(staff).label("may"))
        .where(
            or_(Case.merged_into_id == case.id, Case.split_from_id == case.id, Case.id.in_(above))
        )
        .order_by(Case.id.desc())
        .limit(2 * MOST)
    ).all()
    if not rows:
        return Around()
    seen = {row.Case.id: row.Case for row in rows if row.may}
    mine = [case.id] if case.split_from_id is not None else []
    words = _words([*mine, *(row.Case.id for row in rows)])
    follow = [r.Case for r in rows if r.Case.merged_into_id == case.id and r.Case.id in words]
    return Around(
        leader=seen.get(case.merged_into_id or 0),
        led_in_secret=case.merged_into_id is not None and case.merged_into_id not in seen,
        home=seen.get(case.split_from_id or 0),
        put_back=case.split_from_id is not None and case.id not in words,
        followers=[Follower(one, words[one.id]) for one in follow if one.id in seen],
        hidden=sum(one.id not in seen for one in follow),
        taken_out=[
            one for one in seen.values() if one.split_from_id == case.id and one.id in words
        ],
    )


def _words(case_ids: list[int]) -> dict[int, list[Message]]:
    rows = db.session.scalars(
        select(Message)
        .where(Message.case_id.in_(case_ids), ~Message.by_city)
        .order_by(Message.published_at.desc(), Message.id.desc())
        .limit(MOST * 10)
    )
    words: dict[int, list[Message]] = {}
    for message in rows:
        words.setdefault(message.case_id or 0, []).insert(0, message)
    return words


def alike(case: Case, staff: Staff) -> tuple[list[Case], list[Case]]:
    """What a case may be about the same as: the same identity's under other posts; others' under
    the same post. Those that stand by themselves, the newest first (at most MOST each)."""
    elsewhere = (Case.person_id == case.person_id, Case.post_id != case.post_id)
    mine = _standing(staff, *elsewhere) if case.person_id else []
    return mine, _standing(staff, Case.post_id == case.post_id, Case.id != case.id)


def _standing(staff: Staff, *conditions: ColumnElement[bool]) -> list[Case]:
    words = select(Message.id).where(Message.case_id == Case.id, ~Message.by_city).exists()
    return list(
        db.session.scalars(
            select(Case)
            .where(*conditions, Case.merged_into_id.is_(None), words, visible_cases(staff))
            .order_by(Case.last_word_at.desc(), Case.id.desc())
            .limit(MOST)
        )
    )
