"""Notes: who is told when a name stands in them, and who is not."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.database import db, writing
from app.inbox import handle, notes
from app.inbox.notes import named_in, pieces, write_note
from app.models import Department, Event, Mention, Note, Staff
from app.people.rights import NotAllowed
from app.people.staff import switch_off
from app.routing.transfer import NoSuchDepartment, hand_back, reroute
from tests.conftest import MONDAY
from tests.factories import an_account, put_with, said, take_in, the_case


@pytest.fixture
def case(app):
    """A case of Gata & park."""
    take_in(an_account(now=MONDAY), said("Hål i gatan", at=MONDAY))
    put_with(the_case(), "gata-park")
    return the_case()


def colleague(name, role="handler", department=""):
    """Somebody who works here and never signs in: their password is no hash."""
    slug = select(Department.id).where(Department.slug == department)
    login = name.lower().replace(" ", ".")
    with writing():
        one = Staff(
            login=login, name=name, role=role, password_hash="-", created_at=MONDAY,
            department_id=db.session.scalar(slug),
        )  # fmt: skip
        db.session.add(one)
    return one


def people():
    """Anna (customer service), Omar (Gata & park), Petra (Miljö), Lena (Omsorg, restricted)."""
    return [
        colleague("Anna Holm", "customer_service"),
        colleague("Omar Nasser", department="gata-park"),
        colleague("Petra Lund", department="miljo"),
        colleague("Lena Vik", department="omsorg"),
    ]


def told_of(text, case, by):
    """Who is told, who may not see it, who is unclear."""
    named = named_in(text, case, by=by)
    return [one.name for one in named.told], named.unseeing, named.unclear


def test_who_may_not_see_the_case_is_not_told_of_it(case):
    """A name of somebody in another department tells nobody, and comes back to the author."""
    anna, _omar, petra, _lena = people()
    write_note(case.id, body="@Petra kan du titta?", by=anna, now=MONDAY)
    assert db.session.scalars(select(Mention)).all() == []
    assert notes.count_waiting(petra) == 0
    assert told_of("@Petra kan du titta?", case, anna) == ([], ["@Petra"], [])


def test_who_may_not_read_the_notes_is_not_told_of_them(case):
    """Customer service sees a case of a restricted department, but is not named in its notes."""
    anna, _omar, _petra, lena = people()
    put_with(case, "omsorg")
    write_note(case.id, body="@Anna hör av dig", by=lena, now=MONDAY)
    assert notes.count_waiting(anna) == 0
    assert told_of("@Anna hör av dig", the_case(), lena) == ([], ["@Anna"], [])
    with pytest.raises(NotAllowed):
        write_note(case.id, body="@Lena hej", by=anna, now=MONDAY)


def test_a_mention_is_hidden_when_the_case_has_moved_on(case):
    """What somebody was told in a case that they no longer may see is neither shown nor counted."""
    anna, omar, _petra, _lena = people()
    write_note(case.id, body="@Omar titta", by=anna, now=MONDAY)
    assert (notes.count_waiting(omar), len(notes.mentions(omar))) == (1, 1)
    reroute(case.id, to="miljo", by=anna, now=MONDAY)
    assert (notes.count_waiting(omar), notes.mentions(omar)) == (0, [])


def test_a_name_is_a_first_name_a_full_name_or_a_login(case):
    """Each of them names the one person, once, in whatever letters it is written."""
    anna, omar, _petra, _lena = people()
    for text in ("@Omar du?", "Fråga @omar nasser, tack", "@OMAR.NASSER.", "(@Omar) och @Omar"):
        note = write_note(case.id, body=text, by=anna, now=MONDAY)
        assert [one.id for one in notes.mentioned(note)] == [omar.id]


@pytest.mark.once
def test_what_is_not_a_name_names_nobody(case):
    """Addresses, other names that begin alike and names without the sign tell nobody."""
    anna, _omar, _petra, _lena = people()
    for text in (
        "omar@landskrona.se",
        "@Omars cykel",
        "@Omar-Ali",
        "@Nasser",
        "Omar",
        "@",
        "@ Omar",
    ):
        assert told_of(text, case, anna) == ([], [], [])


@pytest.mark.once
def test_a_first_name_of_two_is_asked_about(case):
    """Two who may see the case share a first name: neither is told until the whole name stands there."""
    anna, _omar, _petra, _lena = people()
    other = colleague("Omar Berg", "handler", "gata-park")
    assert told_of("@Omar titta", case, anna) == ([], [], ["@Omar"])
    assert told_of("@Omar Berg titta", case, anna) == ([other.name], [], [])
    put_with(case, "miljo")
    assert told_of("@Omar titta", the_case(), anna) == ([], ["@Omar"], [])


@pytest.mark.once
def test_a_first_name_of_two_is_clear_when_one_may_see_the_case(case):
    """Of two with the same first name the one who may see the case is the one meant."""
    anna, omar, _petra, _lena = people()
    colleague("Omar Berg", "handler", "miljo")
    assert told_of("@Omar titta", case, anna) == ([omar.name], [], [])


@pytest.mark.once
def test_nobody_names_themselves_or_who_has_left(case):
    """One's own name, and that of a switched-off colleague, tells nobody."""
    anna, omar, _petra, _lena = people()
    switch_off(omar.login, now=MONDAY)
    assert told_of("@Anna och @Omar", case, anna) == ([], [], [])


def test_opening_the_case_reads_its_mentions(case):
    """A mention waits until the person opens the case, and is then read; another's still waits."""
    anna, omar, _petra, _lena = people()
    karin = colleague("Karin Ek", "manager")
    write_note(case.id, body="@Omar och @Karin", by=anna, now=MONDAY)
    handle.mark_seen(case, by=omar, now=MONDAY + timedelta(minutes=1))
    assert (notes.count_waiting(omar), notes.count_waiting(karin)) == (0, 1)
    (row,) = notes.mentions(omar)
    assert row.Mention.read_at == MONDAY + timedelta(minutes=1)


@pytest.mark.once
def test_names_are_marked_in_the_text(app):
    """A note is cut at the names it told, and nothing of it is lost."""
    (_anna, omar, _petra, _lena) = people()
    text = "Hej @Omar, @Petra & @omar nasser"
    cut = pieces(text, [omar])
    assert "".join(piece for piece, _name in cut) == text
    assert [piece for piece, name in cut if name] == ["@Omar", "@omar nasser"]


def test_a_message_and_the_move_happen_together_or_not_at_all(case):
    """Handing over to a department that is not there keeps neither the note nor the move."""
    anna, _omar, petra, _lena = people()
    with pytest.raises(NoSuchDepartment):
        reroute(case.id, to="finns-ej", by=anna, now=MONDAY, message="Er fråga")
    assert db.session.scalars(select(Note)).all() == []
    reroute(case.id, to="miljo", by=anna, now=MONDAY, message="Er fråga, @Petra")
    assert the_case().department.slug == "miljo"
    assert notes.count_waiting(petra) == 1
    names = list(db.session.scalars(select(Event.name).order_by(Event.id.desc()).limit(2)))
    assert names == ["note_written", "case_rerouted"]


@pytest.mark.once
def test_a_note_that_cannot_be_kept_undoes_the_move(case, monkeypatch):
    """When the message cannot be written the case stays where it lay."""
    anna, _omar, _petra, _lena = people()

    def locked(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr("app.inbox.notes.log_event", locked)
    with pytest.raises(OSError, match="disk full"):
        reroute(case.id, to="miljo", by=anna, now=MONDAY, message="Er fråga")
    db.session.rollback()
    assert the_case().department.slug == "gata-park"


@pytest.mark.once
def test_handing_back_can_say_why(case):
    """ "Not ours" with some words leaves them as a note for customer service."""
    _anna, omar, _petra, _lena = people()
    hand_back(case.id, by=omar, now=MONDAY, message="Det är en privat väg")
    assert [note.text for note in db.session.scalars(select(Note))] == ["Det är en privat väg"]
    hand_back(case.id, by=colleague("Bo Ek", "customer_service"), now=MONDAY)
    assert len(db.session.scalars(select(Note)).all()) == 1


@pytest.mark.once
def test_a_colleague_who_may_not_see_the_case_cannot_be_given_it(case):
    """A case is handed to those who may see it already; administrators answer nobody."""
    anna, _omar, petra, _lena = people()
    admin = colleague("Sven Admin", "administrator")
    for nobody in (petra.id, admin.id, 99999):
        with pytest.raises(handle.NotTheirs):
            handle.hand_over(case.id, to=nobody, message="Din", by=anna, now=MONDAY)
    db.session.rollback()
    assert the_case().assignee_id is None
    assert db.session.scalars(select(Note)).all() == []


def test_a_colleague_gets_the_case_and_is_told(case):
    """Handing over to a named colleague assigns the case, keeps the message and mentions them."""
    anna, omar, _petra, _lena = people()
    handle.hand_over(case.id, to=omar.id, message="Du kan gatan", by=anna, now=MONDAY)
    assert (the_case().assignee_id, the_case().state) == (omar.id, "ongoing")
    assert notes.count_waiting(omar) == 1
    taken = db.session.scalars(select(Event).where(Event.name == "case_taken")).one()
    assert (taken.staff_id, taken.details["to_staff"]) == (anna.id, omar.id)
