"""The city's policy as data: texts that staff read, settings that Växeln follows, every version.

What Växeln brings is the city's usual; a version holds only what differs from it. Rules that the
law or the city's promise lay down have no switch here: a person behind every answer, the closed
list of reasons, an approval for every account.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from app.basics.clock import to_local
from app.database import db, writing
from app.models import Account, ClosedDay, PolicyVersion, Post, Staff
from app.models.event import log_event
from app.people.rights import Act, must_be_allowed

RULES = (
    "person",
    "approval",
    "signature",
    "tone",
    "one_day",
    "hours",
    "seldom",
    "personal_data",
    "hiding",
    "blocking",
    "election",
    "records",
)
"""The rules in the order in which they are read; `web/policy_words.py` has the texts."""
LONGEST = 2000
WEEK = timedelta(days=7)


class BadPolicy(Exception):
    """A version cannot be made like this. `field`: which; the sentence is `web`'s."""

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name)
        self.field = field_name


@dataclass(frozen=True, slots=True)
class Policy:
    """What applies. `texts`: the city's own wording by rule, where it has one.

    `opens`, `closes`: when public answers are usually given on working days (local time).
    `posts_a_week`: how many posts of the city's own an account usually has. `election_from`,
    `election_to`: the first and the last day of an election period, None when there is none.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    opens: time = time(8)
    closes: time = time(16, 30)
    posts_a_week: int = 3
    election_from: date | None = None
    election_to: date | None = None
    version: int = 0
    """The number of the version; 0 before anybody has made one."""

    def is_election(self, now: datetime) -> bool:
        """Whether an election period goes on at this moment."""
        if self.election_from is None or self.election_to is None:
            return False
        return self.election_from <= to_local(now).date() <= self.election_to

    def is_usual_hour(self, now: datetime) -> bool:
        """Whether public answers are usually given at this moment: working days, in the hours."""
        local = to_local(now)
        if local.weekday() >= 5 or not self.opens <= local.time() < self.closes:
            return False
        return db.session.get(ClosedDay, local.date()) is None

    def as_settings(self) -> dict[str, Any]:
        """The settings as they are kept."""
        ends = (self.election_from, self.election_to)
        return {
            "opens": f"{self.opens:%H:%M}",
            "closes": f"{self.closes:%H:%M}",
            "posts_a_week": self.posts_a_week,
            "election": [day.isoformat() for day in ends if day is not None],
        }


def policy_in_force() -> Policy:
    """The newest version, else what Växeln brings."""
    newest = select(PolicyVersion).order_by(PolicyVersion.id.desc()).limit(1)
    row = db.session.scalar(newest)
    return policy_of(row) if row is not None else Policy()


def policy_of(row: PolicyVersion) -> Policy:
    """A version as it applied."""
    kept = row.settings
    election = [date.fromisoformat(day) for day in kept.get("election", [])]
    return Policy(
        texts={rule: str(text) for rule, text in row.texts.items() if rule in RULES},
        opens=time.fromisoformat(kept.get("opens", "08:00")),
        closes=time.fromisoformat(kept.get("closes", "16:30")),
        posts_a_week=int(kept.get("posts_a_week", 3)),
        election_from=election[0] if election else None,
        election_to=election[1] if len(election) > 1 else None,
        version=row.id,
    )


def versions() -> list[PolicyVersion]:
    """Every version there has been, the newest first."""
    return list(db.session.scalars(select(PolicyVersion).order_by(PolicyVersion.id.desc())))


def read_policy(told: Mapping[str, str]) -> Policy:
    """A policy from what a form says. Raises `BadPolicy` with the field that cannot be read."""
    texts = {}
    for rule in RULES:
        text = told.get(f"text_{rule}", "").replace("\r\n", "\n").strip()
        if len(text) > LONGEST:
            raise BadPolicy(f"text_{rule}")
        if text:
            texts[rule] = text
    opens, closes = _hour(told, "opens"), _hour(told, "closes")
    if closes <= opens:
        raise BadPolicy("closes")
    begins, ends = _day(told, "election_from"), _day(told, "election_to")
    if (begins is None) != (ends is None) or (begins and ends and ends < begins):
        raise BadPolicy("election_to")
    return Policy(texts, opens, closes, _count(told, "posts_a_week"), begins, ends)


def _hour(told: Mapping[str, str], name: str) -> time:
    try:
        return time.fromisoformat(told.get(name, "").strip())
    except ValueError:
        raise BadPolicy(name) from None


def _day(told: Mapping[str, str], name: str) -> date | None:
    given = told.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise BadPolicy(name) from None


def _count(told: Mapping[str, str], name: str) -> int:
    given = told.get(name, "").strip()
    if not given.isascii() or not given.isdigit() or not 0 <= int(given) <= 100:
        raise BadPolicy(name)
    return int(given)


def change_policy(policy: Policy, *, by: Staff, now: datetime) -> PolicyVersion | None:
    """Let a new version apply from now on; None when nothing differs. Raises `NotAllowed`."""
    must_be_allowed(by, Act.CHANGE_POLICY)
    with writing():
        before = policy_in_force()
        same = before.as_settings() == policy.as_settings() and before.texts == policy.texts
        if same:
            return None
        row = PolicyVersion(
            at=now, by_id=by.id, texts=dict(policy.texts), settings=policy.as_settings()
        )
        db.session.add(row)
        db.session.flush()
        log_event("policy_changed", at=now, staff_id=by.id, version=row.id)
    return row


def posts_this_week(now: datetime) -> dict[int, int]:
    """How many posts of the city's own each account has had in the last seven days."""
    rows = db.session.execute(
        select(Post.account_id, func.count().label("n"))
        .join(Account, Account.id == Post.account_id)
        .where(Post.published_at > now - WEEK, Post.published_at <= now, Post.by_city)
        .where(Post.external_id != Account.external_id)
        .group_by(Post.account_id)
    )
    return {row.account_id: row.n for row in rows}
