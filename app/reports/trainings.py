"""What the trainings of the routing model gave, and which model is in use."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.database import db
from app.models import Case, Event, Staff, Training
from app.people.rights import visible_cases

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Changed:
    """A recent correction that the new model answers otherwise than the one before it."""

    case: Case
    before: str
    after: str
    truth: str
    """What people had said of it; all three are slugs or `ingen`."""


def trainings(limit: int = 10) -> list[Training]:
    """The last trainings, the newest first."""
    return list(db.session.scalars(select(Training).order_by(Training.id.desc()).limit(limit)))


def model_in_use() -> Event | None:
    """The ledger's line of when the model in use came into use; None: it is the one of set-up."""
    return db.session.scalar(
        select(Event)
        .where(Event.name.in_(("model_trained", "model_put_back")))
        .order_by(Event.id.desc())
        .limit(1)
    )


def changed_by(training: Training, viewer: Staff) -> tuple[list[Changed], int]:
    """Recent cases that changed answer, as far as this person may see them, and how many in all.

    The newest `SHOWN` come first.
    """
    told: Sequence[tuple[int, str, str, str]] = training.figures.get("changed", [])
    wanted = select(Case).where(Case.id.in_([row[0] for row in told]), visible_cases(viewer))
    cases = {case.id: case for case in db.session.scalars(wanted)}
    found = [Changed(cases[row[0]], *row[1:]) for row in told if row[0] in cases]
    return found[::-1][:SHOWN], len(told)
