"""The one door in."""

from datetime import timedelta

from sqlalchemy import select

from app.channels.base import AtSource
from app.database import db, writing
from app.inbox.handle import close, wait_for_resident
from app.inbox.receive import mark_removed
from app.models import Event, MessageVersion, Source
from app.models.case import Outcome
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, said, take_in, the_case

MINUTE = timedelta(minutes=1)


def test_the_same_comment_twice_is_one_message(app):
    """The same comment taken in twice is one message in one case."""
    source = an_account(now=MONDAY)
    comment = said("När plogas Storgatan?", at=MONDAY)
    take_in(source, comment)
    again = take_in(source, comment)
    assert [m.text for m in messages()] == ["När plogas Storgatan?"]
    assert len(cases()) == 1
    assert (again.new, again.opened) == (0, 0)


def test_forty_residents_under_one_post_are_forty_cases(app):
    """Each resident under a post has a case of their own."""
    source = an_account(now=MONDAY)
    take_in(source, *(said(f"Fråga {n}", at=MONDAY, by=f"Invånare {n}") for n in range(40)))
    assert len(cases()) == 40


def test_three_comments_of_one_resident_are_one_case(app):
    """One resident's comments under one post are one case, waiting since the first."""
    source = an_account(now=MONDAY)
    take_in(source, *(said(f"Ord {n}", at=MONDAY + n * MINUTE) for n in range(3)))
    assert the_case().waiting_since == MONDAY
    assert the_case().snippet == "Ord 2"


def test_an_unknown_author_is_never_joined_with_another(app):
    """Two comments without an author are two cases."""
    source = an_account(now=MONDAY)
    take_in(source, said("Hej", at=MONDAY, by=None), said("Hej", at=MONDAY, by=None))
    assert len(cases()) == 2


def test_new_words_reopen_a_closed_case(app):
    """A resident who writes again after closing has an open case that waits since those words."""
    source = an_account(now=MONDAY)
    take_in(source, said("Tack!", at=MONDAY))
    anna = a_person(now=MONDAY)
    close(
        the_case().id,
        outcome=Outcome.NO_ANSWER_NEEDED,
        reason="tackar",
        by=anna,
        seen_version=the_case().version,
        now=MONDAY + 5 * MINUTE,
    )
    assert not the_case().is_open
    take_in(source, said("Förresten, när då?", at=MONDAY + 9 * MINUTE))
    case = the_case()
    assert (case.state, case.is_open, case.outcome) == ("reopened", True, None)
    assert case.waiting_since == MONDAY + 9 * MINUTE


def test_words_from_before_the_closing_that_come_late_reopen_too(app):
    """What was written before the closing but reached us after it is not lost."""
    source = an_account(now=MONDAY)
    take_in(source, said("Tack!", at=MONDAY))
    anna = a_person(now=MONDAY)
    close(
        the_case().id,
        outcome=Outcome.DUPLICATE,
        reason="Samma sak under ett annat inlägg",
        by=anna,
        seen_version=the_case().version,
        now=MONDAY + 5 * MINUTE,
    )
    take_in(source, said("En sak till", at=MONDAY + 2 * MINUTE), now=MONDAY + 8 * MINUTE)
    assert the_case().state == "reopened"


def test_an_edit_after_closing_is_heard(app):
    """A resident who changes the text of a closed case is heard again, and the old text stays."""
    source = an_account(now=MONDAY)
    take_in(source, said("Tack", at=MONDAY, number="a"))
    anna = a_person(now=MONDAY)
    wait_for_resident(the_case().id, by=anna, seen_version=the_case().version, now=MONDAY)
    take_in(source, said("Tack, men var?", at=MONDAY, number="a"), now=MONDAY + MINUTE)
    assert the_case().state == "reopened"
    assert [m.text for m in messages()] == ["Tack, men var?"]
    assert [v.text for v in db.session.scalars(select(MessageVersion))] == ["Tack"]


def test_an_answer_on_the_platform_is_recognised(app):
    """What the city answered on the platform itself settles the case and is nobody's case."""
    source = an_account(now=MONDAY)
    take_in(source, said("När plogas det?", at=MONDAY, number="a"))
    take_in(
        source, said("I natt.", at=MONDAY + MINUTE, by="Landskrona stad", answers="a", by_city=True)
    )
    case = the_case()
    assert (case.state, case.waiting_since) == ("answered", None)
    assert case.answered_at == MONDAY + MINUTE
    names = db.session.scalars(select(Event.name)).all()
    assert names.count("case_answered_natively") == 1


def test_a_reply_that_comes_before_its_parent_is_joined_later(app):
    """A native answer that arrives before the question still belongs to the question's case."""
    source = an_account(now=MONDAY)
    take_in(source, said("I natt.", at=MONDAY + MINUTE, by="Staden", answers="a", by_city=True))
    take_in(source, said("När plogas det?", at=MONDAY, number="a"))
    answer, question = messages()
    assert answer.parent_id == question.id
    assert answer.case_id == question.case_id == the_case().id
    assert the_case().waiting_since is None


def test_words_from_before_the_connection_are_history(app):
    """Older words are kept as closed history; a new word from the same resident is work."""
    source = an_account(now=MONDAY, history_before=MONDAY)
    take_in(source, said("Gammalt", at=MONDAY - 60 * MINUTE), now=MONDAY)
    assert (the_case().state, the_case().outcome) == ("closed", "history")
    take_in(source, said("Nytt", at=MONDAY + MINUTE))
    assert (the_case().state, the_case().waiting_since) == ("reopened", MONDAY + MINUTE)


def test_a_removed_comment_stays_with_us_and_waits_no_more(app):
    """A comment that is gone from the platform keeps its text here and nobody waits for an answer."""
    source = an_account(now=MONDAY)
    take_in(source, said("Ångrar mig", at=MONDAY, number="a"))
    with writing():
        mark_removed(db.session.get_one(Source, source.id), ["a"], now=MONDAY + MINUTE)
    (message,) = messages()
    assert (message.text, message.at_source) == ("Ångrar mig", AtSource.REMOVED)
    assert message.removed_at == MONDAY + MINUTE
    assert the_case().waiting_since is None
    assert the_case().is_open


def test_a_comment_held_and_then_approved_is_the_same_message(app):
    """A comment held for approval is shown as held, and as visible once it is approved."""
    source = an_account(now=MONDAY)
    take_in(source, said("Länk", at=MONDAY, number="a", at_source=AtSource.HELD))
    assert messages()[0].at_source == "held"
    before = the_case().version
    take_in(source, said("Länk", at=MONDAY, number="a"), now=MONDAY + MINUTE)
    assert [m.at_source for m in messages()] == ["visible"]
    assert the_case().version > before


def test_a_personal_identity_number_is_masked_in_the_list(app):
    """The list's line shows no personal identity number; the message keeps it."""
    source = an_account(now=MONDAY)
    take_in(source, said("Mitt nummer är 19121212-1212", at=MONDAY))
    assert "1212" not in the_case().snippet
    assert "19121212-1212" in messages()[0].text


def test_a_reply_of_another_resident_is_their_own_case(app):
    """A resident who answers another has a case of their own, joined to what it answers."""
    source = an_account(now=MONDAY)
    take_in(
        source,
        said("Råttor i parken", at=MONDAY, number="a"),
        said("Samma här", at=MONDAY + MINUTE, by="Johan", answers="a"),
    )
    first, second = messages()
    assert second.parent_id == first.id
    assert first.case_id != second.case_id


def test_what_a_platform_counted_later_in_one_second_comes_later(app):
    """Comments 99 and 100 of one second stand in the order in which the platform numbered them."""
    source = an_account(now=MONDAY)
    first = said("första", at=MONDAY, number="99")
    take_in(source, said("andra", at=MONDAY, number="100"), first)
    assert [m.text for m in messages()] == ["första", "andra"]
    assert the_case().snippet == "andra"
