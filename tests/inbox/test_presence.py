"""Who has a case before them, and who writes in it."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from app.database import db
from app.inbox.presence import Other, look_in, others, stop_writing
from app.models import Presence
from app.people.rights import NotAllowed
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case

SECOND = timedelta(seconds=1)


@pytest.fixture
def case(app):
    """The number of a case at Gata & park."""
    take_in(an_account(now=MONDAY), said("Hål i gatan", at=MONDAY))
    put_with(the_case(), "gata-park")
    return the_case().id


@pytest.fixture
def anna(app):
    return a_person(name="Anna Holm", now=MONDAY)


@pytest.fixture
def erik(app):
    return a_person("communications", "Erik Nord", now=MONDAY)


def count_writes(work):
    """How many statements that change presences a piece of work runs."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        if "presences" in statement and not statement.lstrip().startswith("SELECT"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    work()
    event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)


@pytest.mark.once
def test_nobody_learns_of_a_case_that_they_may_not_see(case, anna):
    """Another department's handler gets no names, leaves none, and cannot claim the answer."""
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    look_in(case, by=anna, now=MONDAY)
    for ask in (
        lambda: look_in(case, by=petra, now=MONDAY),
        lambda: look_in(case, by=petra, now=MONDAY, typed=True),
        lambda: others(case, by=petra, now=MONDAY),
        lambda: stop_writing(case, by=petra, now=MONDAY),
    ):
        with pytest.raises(NotAllowed):
            ask()
    assert others(case, by=anna, now=MONDAY) == []


@pytest.mark.once
def test_somebody_who_only_reads_cases_cannot_claim_an_answer(case):
    """The administrator, who answers nobody, is seen as a reader and never as a writer."""
    admin = a_person("administrator", "Karl Ek", now=MONDAY)
    with pytest.raises(NotAllowed):
        look_in(case, by=admin, now=MONDAY, typed=True)


@pytest.mark.once
def test_a_reader_is_seen_for_twenty_seconds(case, anna, erik):
    """Erik is there as long as his page says so, and gone twenty seconds after the last time."""
    assert look_in(case, by=erik, now=MONDAY) == []
    reader = Other("Erik Nord", "Erik", "EN", writes=False)
    assert look_in(case, by=anna, now=MONDAY + 19 * SECOND) == [reader]
    assert look_in(case, by=anna, now=MONDAY + 20 * SECOND) == []


def test_a_writer_is_seen_from_the_first_key_to_a_minute_after_the_last(case, anna, erik):
    """The first key tells at once, also right after a look; without keys it is over in a minute."""
    look_in(case, by=erik, now=MONDAY)
    look_in(case, by=erik, now=MONDAY + SECOND, typed=True)
    assert others(case, by=anna, now=MONDAY + SECOND)[0].writes
    for second in range(10, 61, 10):
        look_in(case, by=erik, now=MONDAY + second * SECOND)
    assert others(case, by=anna, now=MONDAY + 60 * SECOND)[0].writes
    assert not others(case, by=anna, now=MONDAY + 61 * SECOND)[0].writes


@pytest.mark.once
def test_a_page_opened_anew_or_left_to_another_is_not_written_in(case, anna, erik):
    """Writing ends when the page is opened again, and when the answer is left to a colleague."""
    for ending in (
        lambda: look_in(case, by=erik, now=MONDAY + SECOND, just_opened=True),
        lambda: stop_writing(case, by=erik, now=MONDAY + SECOND),
    ):
        look_in(case, by=erik, now=MONDAY, typed=True)
        assert others(case, by=anna, now=MONDAY)[0].writes
        ending()
        assert not others(case, by=anna, now=MONDAY + SECOND)[0].writes


def test_one_person_writes_down_at_most_one_row_in_five_seconds(case, anna):
    """A page that asks twice in five seconds, or types all the time, costs one write."""
    assert count_writes(lambda: look_in(case, by=anna, now=MONDAY)) == 3
    assert count_writes(lambda: look_in(case, by=anna, now=MONDAY + 4 * SECOND)) == 0
    assert count_writes(lambda: look_in(case, by=anna, now=MONDAY + 5 * SECOND, typed=True)) == 3
    assert count_writes(lambda: look_in(case, by=anna, now=MONDAY + 9 * SECOND, typed=True)) == 0


def test_old_rows_are_taken_away_by_the_next_that_is_written(case, anna, erik):
    """Nobody tidies presences: whoever writes one takes away all that mean nothing any more."""
    look_in(case, by=erik, now=MONDAY)
    look_in(case, by=anna, now=MONDAY + 30 * SECOND)
    db.session.commit()
    assert db.session.scalars(select(Presence.staff_id)).all() == [anna.id]
