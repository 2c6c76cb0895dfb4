"""Lists that a person has put together and named: kept, renamed, taken away; nobody else's."""

from datetime import datetime

from sqlalchemy import func, select

from app.database import db, writing
from app.models import SavedView, Staff

MOST = 20
"""So many views of one's own."""


class TooMany(Exception):
    """The person has as many views as there is room for."""


class NameNeeded(Exception):
    """A view needs a name of at most 60 signs that the person has not used before."""


def views_of(staff: Staff) -> list[SavedView]:
    """The person's own views, by name."""
    wanted = select(SavedView).where(SavedView.staff_id == staff.id)
    return list(db.session.scalars(wanted.order_by(func.lower(SavedView.name), SavedView.id)))


def own_view(view_id: int, staff: Staff) -> SavedView | None:
    """One of the person's own views; None for others' and for none."""
    view = db.session.get(SavedView, view_id)
    return view if view is not None and view.staff_id == staff.id else None


def keep_view(name: str, query: str, *, by: Staff, now: datetime) -> SavedView:
    """Keep a list under a name; `query` is its address after the "?".

    A name that the person has used already takes the new list. Raises `NameNeeded` and `TooMany`.
    """
    said = _name(name)
    with writing():
        mine = views_of(by)
        view = next((one for one in mine if one.name.casefold() == said.casefold()), None)
        if view is None:
            if len(mine) >= MOST:
                raise TooMany
            view = SavedView(staff_id=by.id, name=said, query="", created_at=now)
            db.session.add(view)
        view.query = query[:500]
    return view


def rename_view(view: SavedView, name: str) -> None:
    """Give a view another name. Raises `NameNeeded`, also when another view has it."""
    said = _name(name)
    with writing():
        others = select(SavedView.name).where(
            SavedView.staff_id == view.staff_id, SavedView.id != view.id
        )
        if said.casefold() in {other.casefold() for other in db.session.scalars(others)}:
            raise NameNeeded
        view.name = said


def drop_view(view: SavedView) -> None:
    """Take a view away; the cases in it are not touched."""
    with writing():
        db.session.delete(view)


def _name(name: str) -> str:
    said = " ".join(name.replace("\x00", "").split())
    if not said or len(said) > 60:
        raise NameNeeded
    return said
