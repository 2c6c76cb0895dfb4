"""Earlier answers: what may be shown to whom, which are nearest, and what is inserted of them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.answers import earlier, record, write
from app.answers.earlier import for_case, nearest, remember_all
from app.answers.earlier_words import GAP, reusable, terms_of
from app.answers.ready import Pressed
from app.channels.base import AtSource, Receipt
from app.database import db, writing
from app.models import Answer, Case, Department, Message
from app.models.workbench import EarlierTerm
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in

RATS = "Det springer råttor vid dammen i Karlslundsparken, vart anmäler man skadedjur?"
REPLY = "Hej Maria! Råttor utomhus anmäler du till miljöförvaltningen."
DAY = timedelta(days=1)


class Desk:
    """An account, somebody who answers, and questions that come and are answered."""

    def __init__(self):
        self.source = an_account("practice", now=MONDAY)
        self.anna = a_person(now=MONDAY)
        self.days = 0

    def asked(self, text, by, department="miljo"):
        """A case with a question that waits."""
        self.days += 1
        take_in(self.source, said(text, at=MONDAY + self.days * DAY, by=by))
        case = cases()[-1]
        if department:
            put_with(case, department)
        return cases()[-1]

    def answered(self, text=RATS, body=REPLY, by="Maria Lindqvist", department="miljo", who=None):
        """A question that has been answered, and the answer."""
        case = self.asked(text, by, department)
        return self.sent(case, body, who)

    def sent(self, case, body, who=None):
        """An answer pressed in a case, and published."""
        now = MONDAY + self.days * DAY + timedelta(hours=1)
        pressed = Pressed(case.id, body, None, case.version, timedelta())
        answer = write.press_send(pressed, by=who or self.anna, now=now)
        with writing():
            db.session.get_one(Answer, answer.id).state = "sending"
        record.published(answer.id, Receipt(f"svar{answer.id}"), now=now)
        return db.session.get_one(Answer, answer.id)


@pytest.fixture
def desk(app):
    return Desk()


def handler(name, department):
    """A handler of a department."""
    return a_person("handler", name, department, now=MONDAY)


def change(kind, number, **values):
    """Something that has happened to a row since."""
    with writing():
        row = db.session.get_one(kind, number)
        for name, value in values.items():
            setattr(row, name, value)


def ids(found):
    """Which answers were found, in order."""
    return [one.answer_id for one in found]


def terms():
    """The index as it stands."""
    db.session.commit()
    return set(db.session.scalars(select(EarlierTerm.term)))


# --- Denied first --------------------------------------------------------------------------------


def test_another_departments_answers_are_not_shown(desk):
    """A handler finds nothing of a department whose cases they may not see, asked for by id either."""
    theirs = desk.answered()
    case = desk.asked(RATS, "Johan Persson", "gata-park")
    omar, petra = handler("Omar Nasser", "gata-park"), handler("Petra Lund", "miljo")
    assert nearest(case, omar) == []
    assert for_case(theirs.id, case, omar) is None
    assert ids(nearest(case, desk.anna)) == ids(nearest(case, petra)) == [theirs.id]


def test_a_restricted_departments_answers_are_for_its_own_people(desk):
    """Not even somebody who sees every case is shown how a restricted department has answered."""
    with writing():
        db.session.scalars(
            select(Department).where(Department.slug == "miljo")
        ).one().restricted = True
    theirs = desk.answered(department="miljo", who=handler("Petra Lund", "miljo"))
    case = desk.asked(RATS, "Johan Persson")
    assert nearest(case, desk.anna) == []
    assert for_case(theirs.id, case, desk.anna) is None
    assert ids(nearest(case, handler("Pia Ek", "miljo"))) == [theirs.id]


NOT_IN_THE_OPEN = (
    (Answer, {"state": "refused"}, {"state": "sent"}),
    (Answer, {"state": "uncertain"}, {"state": "sent"}),
    (Answer, {"reason": "vanished"}, {"reason": ""}),
    (Message, {"at_source": "removed"}, {"at_source": "visible"}),
    (Message, {"at_source": "hidden"}, {"at_source": "visible"}),
    (Message, {"private": True}, {"private": False}),
)


def test_what_does_not_stand_in_the_open_is_not_offered(desk):
    """An answer that did not arrive, or is gone, hidden or private since, is shown to nobody."""
    answer = desk.answered()
    case = desk.asked(RATS, "Johan Persson")
    for table, values, back in NOT_IN_THE_OPEN:
        number = answer.id if table is Answer else answer.message_id
        assert ids(nearest(case, desk.anna)) == [answer.id]
        change(table, number, **values)
        assert (values, nearest(case, desk.anna)) == (values, [])
        assert for_case(answer.id, case, desk.anna) is None
        change(table, number, **back)


def test_a_private_answer_is_neither_remembered_nor_offered(desk):
    """What only its receiver was to read is in no index, and cannot be inserted by its number."""
    case = desk.asked(RATS, "Maria Lindqvist")
    (word,) = db.session.scalars(select(Message.id).where(Message.case_id == case.id))
    kept = {"case_id": case.id, "in_reply_to_id": word, "case_version": 1, "body": REPLY}
    people = {"author_id": desk.anna.id, "sent_by_id": desk.anna.id}
    times = dict.fromkeys(("pressed_at", "created_at", "changed_at"), MONDAY)
    with writing():
        answer = Answer(key="k", private=True, state="sending", **kept, **people, **times)
        db.session.add(answer)
    record.published(answer.id, Receipt("privat"), now=MONDAY)
    assert (remember_all(), terms()) == (0, set())
    other = desk.asked(RATS, "Johan Persson")
    assert for_case(answer.id, other, desk.anna) is None


def test_the_earlier_residents_name_does_not_slip_in(desk):
    """What is shown and inserted greets the one who asks now, and says nothing of who asked then."""
    body = "@Maria Lindqvist Hej Maria, tack Maria Lindqvist. Lindqvists anmälan är framme."
    desk.answered(
        body=f"{body}\n\n/Anna, kundtjänst", text=f"{RATS} Ring mig på 0701234567. /Maria"
    )
    found = nearest(desk.asked(RATS, "Johan Persson"), desk.anna)[0]
    assert found.text == f"Hej Johan, tack. {GAP} anmälan är framme."
    for secret in ("Maria", "Lindqvist", "070"):
        assert secret not in found.text + found.question
    assert not {"mari", "maria", "lindqvist"} & terms()


def test_the_words_of_others_answered_at_once_are_not_told(desk):
    """The question shown is that of the answer's own case, whoever else it answered."""
    answer = desk.answered()
    other = desk.asked("Hemligt om råttor hos grannen", "Bo Ek", "omsorg")
    (word,) = db.session.scalars(select(Message.id).where(Message.case_id == other.id))
    change(Message, word, covered_by=answer.id)
    with writing():
        db.session.add(earlier.AnswerCase(answer_id=answer.id, case_id=other.id, case_version=1))
    found = nearest(desk.asked(RATS, "Johan Persson"), desk.anna)
    assert found[0].question.startswith("Det springer råttor")
    assert "Hemligt" not in found[0].question


# --- What is found -------------------------------------------------------------------------------


def test_the_nearest_question_is_found_in_any_form_of_its_words(desk):
    """Råtta finds råttor; who answered, from where, when and what was asked stand beside it."""
    petra = handler("Petra Lund", "miljo")
    answer = desk.answered(who=petra)
    desk.answered("När öppnar badhuset på lördag?", "Klockan nio.", "Ali Khan", "kultur-fritid")
    (one,) = nearest(desk.asked("En råtta i dammen!", "Johan Persson"), desk.anna)
    assert (one.answer_id, one.author, one.department, one.channel) == (
        answer.id, "Petra Lund", "miljo", "practice"
    )  # fmt: skip
    assert one.sent_at == answer.sent_at
    assert one.question == RATS
    assert one.text == "Hej Johan! Råttor utomhus anmäler du till miljöförvaltningen."


def test_own_department_first_then_the_newer(desk):
    """At equal nearness the case's own department goes before others, and newer before older."""
    old = desk.answered(body="Ett", by="A A")
    other = desk.answered(body="Två", by="B B", department="gata-park")
    new = desk.answered(body="Tre", by="C C")
    case = desk.asked(RATS, "Johan Persson")
    assert ids(nearest(case, desk.anna)) == [new.id, old.id, other.id]
    assert ids(nearest(case, desk.anna, limit=1)) == [new.id]


def test_one_text_is_offered_once(desk):
    """The same answer to many residents, each by name, is one answer: the newest."""
    for name in ("Maria Lindqvist", "Ali Khan", "Eva Ek"):
        last = desk.answered(body=f"Hej {name.split()[0]}! Anmäl till miljö.", by=name)
    found = nearest(desk.asked(RATS, "Johan Persson"), desk.anna)
    assert ids(found) == [last.id]


def test_what_shares_too_little_is_not_offered(desk):
    """One word in common is not enough when the question has many that are known."""
    desk.answered("Dammen behöver rensas", "Vi rensar.", "A A")
    desk.answered("Råttor under skolan", "Vi kommer.", "B B")
    desk.answered("Var anmäler jag flytt av parkering", "Hos oss.", "C C")
    assert nearest(desk.asked(RATS, "Johan Persson"), desk.anna) == []
    assert nearest(desk.asked("Hej!", "Lo Ek"), desk.anna) == []


def test_the_cases_own_answers_are_not_earlier_ones(desk):
    """What has been answered in the case itself stands in its conversation and not here."""
    desk.answered()
    desk.asked(RATS, "Maria Lindqvist")
    (case,) = cases()
    assert nearest(case, desk.anna) == []


def test_the_question_is_read_from_the_message_as_it_is_now(desk):
    """What the resident has taken away at the source is not shown, though the answer is."""
    answer = desk.answered()
    (word,) = db.session.scalars(select(Message.id).where(Message.covered_by == answer.id))
    case = desk.asked(RATS, "Johan Persson")
    change(Message, word, text="Borta")
    assert nearest(case, desk.anna)[0].question == "Borta"
    change(Message, word, at_source=AtSource.REMOVED.value)
    assert nearest(case, desk.anna)[0].question == ""


def test_answers_there_before_are_remembered_once(desk):
    """The back-fill keeps the stems of those sent answers that have none, and then has no more."""
    desk.answered()
    kept = terms()
    assert {"rått", "damm", "skadedjur"} <= kept
    with writing():
        db.session.execute(EarlierTerm.__table__.delete())
    assert remember_all() == 1
    assert terms() == kept
    assert remember_all() == 0


def test_a_common_word_is_only_looked_up_so_far(desk, monkeypatch):
    """Of a stem that very many questions have only the newest answers count, and it weighs least."""
    monkeypatch.setattr(earlier, "POSTINGS", 2)
    earlier._counting.cache_clear()
    earlier._sharing.cache_clear()
    first = desk.answered("Råttor", "Ett", "A A")
    newer = [desk.answered("Råttor", f"Nr {body}", f"{body}ris A").id for body in ("Bo", "Lo")]
    found = ids(nearest(desk.asked("Råttor", "Johan Persson"), desk.anna))
    earlier._counting.cache_clear()
    earlier._sharing.cache_clear()
    assert first.id not in found
    assert sorted(found) == newer


# --- Words ---------------------------------------------------------------------------------------


def test_only_what_a_question_is_about_is_kept():
    """No ordinary words, numbers, links, addresses, handles or names; each stem once."""
    text = (
        "Hej! När töms soporna på Storgatan 12? Soporna, @landskrona, luktar. Mejla mig på"
        " a.ek@x.se eller https://x.se/sopor, 070-123 45 67, 850709-9805. Erik sa det.\n/Maria Ek"
    )
    assert terms_of(text, ["Storm Ek"]) == ["töm", "sop", "storgat", "lukt", "mejl"]


@given(st.text(max_size=300), st.text(max_size=30))
def test_any_words_give_terms_that_fit_the_index(text, name):
    """Whatever a resident writes, the stems are short, of letters, and each once."""
    found = terms_of(text, [name])
    assert len(set(found)) == len(found) <= 40
    assert all(0 < len(term) <= 40 and term.isalpha() for term in found)


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=3), st.text(max_size=20))
def test_any_answer_can_be_used_again(body, names, to):
    """Whatever was written, to whomever, the words come out tidy and without trouble."""
    text = reusable(body, names=names, author="Anna", to=to)
    assert text == text.strip()


NAMES = ["Maria", "Lindqvist", "Ann-Marie", "Åsa", "Per", "سمير", "maria.lind"]
PIECES = ["Hej", "Tack", "vi", "kommer", "i dag", "!", ",", ".", "\n", "och", "@", *NAMES]


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_no_name_of_the_earlier_resident_is_left(pieces):
    """However an answer was put together, no part of the earlier resident's name comes out of it."""
    body = " ".join(pieces).replace(" !", "!").replace(" ,", ",").replace("@ ", "@")
    text = reusable(body, names=NAMES, author="Anna", to="Johan Persson")
    for name in NAMES:
        assert name not in text


@pytest.mark.parametrize(
    ("body", "to", "text"),
    [
        ("Hej Maria! Vi kommer.", "Johan P", "Hej Johan! Vi kommer."),
        ("Hej Maria! Vi kommer.", "skurk99", "Hej! Vi kommer."),
        ("Hej Majsan, vi kommer. Mvh Anna", "Johan P", "Hej Johan, vi kommer."),
        ("Hej Maria och Ali! Bra.", "Johan P", "Hej Johan! Bra."),
        ("Hej! Soporna töms och/eller hämtas.", "Johan P", "Hej! Soporna töms och/eller hämtas."),
        ("Hej och tack, Maria. Bra.", "Johan P", "Hej och tack. Bra."),
        ("Dear Maria, call us.", "x9", "Hello, call us."),
        ("Hej @maria.lind! Bra.", "Johan P", "Hej Johan! Bra."),
        ("Nr 850709-9805 finns.", "Johan P", "Nr ••••••-•••• finns."),
        ("Vi ses.\nVänliga hälsningar\nAnna Holm", "Johan P", "Vi ses."),
    ],
)
def test_an_answer_is_made_fit_for_somebody_else(body, to, text):
    """Signature off, the new name in the greeting (or none), the rest as it was."""
    assert reusable(body, names=["Maria Lindqvist", "maria.lind"], author="Anna", to=to) == text


def test_a_case_is_put_with_the_department_it_was_asked_in(desk):
    """An answered case that lies with no department counts as the city's own, beside one's own."""
    own = desk.answered(body="Ett", by="A A")
    citys = desk.answered(body="Två", by="B B")
    change(Case, citys.case_id, department_id=None)
    other = desk.answered(body="Tre", by="C C", department="gata-park")
    found = nearest(desk.asked(RATS, "Johan Persson"), desk.anna)
    assert ids(found) == [citys.id, own.id, other.id]
