"""What else concerns a case: the same identity's earlier ones, open ones about the same thing."""

from datetime import timedelta

import pytest

from app.answers.record import published
from app.answers.write import Pressed, press_send
from app.channels.base import PostSeen, Receipt
from app.database import db, writing
from app.inbox import handle, related
from app.models import Answer, Case
from app.models.answer import AnswerState
from app.models.case import Outcome
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in

HOUR = timedelta(hours=1)
SQUARE = PostSeen("p2", "Torgdag på lördag", "Välkomna till en dag för alla.", "https://x.se/p2")


@pytest.fixture
def source(app):
    """A connected account."""
    return an_account("practice", now=MONDAY)


def other_post(number):
    """A post of its own."""
    return PostSeen(f"o{number}", f"Inlägg {number}", "Något annat.", f"https://x.se/o{number}")


def about(case, by, now=MONDAY):
    """(reference number, word, under the same post) of what is suggested."""
    found = related.related(case, by, now=now)
    return [(one.case.id, one.word, one.same_post) for one in found]


@pytest.mark.once
def test_what_one_may_not_see_is_not_suggested(source):
    """Neither earlier nor related cases of other departments are shown or counted."""
    take_in(
        source,
        said("Lyset vid Rådhustorget är trasigt", at=MONDAY, by="A"),
        said("Vem äger Rådhustorget?", at=MONDAY, by="B", under=SQUARE),
        said("Min andra fråga", at=MONDAY, by="A", under=SQUARE),
    )
    mine, *others = cases()
    put_with(mine, "gata-park")
    for other in others:
        put_with(other, "miljo")
    omar = a_person("handler", "Omar Nasser", "gata-park", now=MONDAY)
    anna = a_person(now=MONDAY)
    assert about(cases()[0], omar) == []
    assert related.earlier(cases()[0], omar) == ([], 0)
    assert about(cases()[0], anna) == [(others[0].id, "Rådhustorget", False)]
    assert related.earlier(cases()[0], anna)[1] == 1


def test_a_rare_name_joins_cases_under_different_posts(source):
    """A name of a place that few have written in a month suggests the case; endings do not matter."""
    take_in(
        source,
        said("Lyset vid lekplatsen har slocknat", at=MONDAY, by="A"),
        said("Det ligger glas på lekplatserna", at=MONDAY, by="B", under=SQUARE),
        said("Hej, vem svarar på frågor om skolan?", at=MONDAY, by="C", under=SQUARE),
    )
    mine, wanted, _third = cases()
    assert about(mine, a_person(now=MONDAY)) == [(wanted.id, "lekplatserna", False)]


def test_what_many_write_and_what_is_old_joins_nothing(source):
    """A word of more than a dozen messages is no sign, nor one that nobody has written for a month."""
    for number in range(20):
        word = said(
            f"Snöröjningen är dålig {number}", at=MONDAY, by=f"B{number}", under=other_post(number)
        )
        take_in(source, word)
    old = MONDAY - timedelta(days=31)
    take_in(source, said("Biblioteket är stängt", at=old, by="X", under=SQUARE), now=old + HOUR)
    take_in(source, said("Snöröjningen vid biblioteket", at=MONDAY, by="A"))
    assert about(cases()[-1], a_person(now=MONDAY)) == []


@pytest.mark.once
def test_only_other_peoples_open_cases_are_suggested(source):
    """One's own further case, a closed one and one that follows another are not suggested."""
    take_in(
        source,
        said("Rondellen är farlig", at=MONDAY, by="A"),
        said("Den där rondellen igen", at=MONDAY, by="A", under=other_post(1)),
        said("Rondellen är ful", at=MONDAY, by="B", under=other_post(2)),
        said("Vem ritade rondellen?", at=MONDAY, by="C", under=other_post(3)),
        said("Rondellen behövs", at=MONDAY, by="D", under=other_post(4)),
    )
    anna = a_person(now=MONDAY)
    mine, _own, closed, merged, wanted = cases()
    facts = {"outcome": Outcome.ANSWERED, "reason": "", "seen_version": closed.version}
    handle.close(closed.id, by=anna, now=MONDAY, **facts)
    with writing():
        db.session.get_one(Case, merged.id).merged_into_id = wanted.id
    assert [one[0] for one in about(mine, anna)] == [wanted.id]


def test_under_one_post_two_words_beyond_its_topic_make_cases_alike(source):
    """What the post itself is about joins nothing there; two other words in common do."""
    take_in(
        source,
        said("Torgdagen: finns parkering för rullstol?", at=MONDAY, by="A", under=SQUARE),
        said("Var finns parkeringen för rullstolar på torgdagen?", at=MONDAY, by="B", under=SQUARE),
        said("Torgdagen är rolig", at=MONDAY, by="C", under=SQUARE),
    )
    mine, alike, _third = cases()
    ((number, _word, same_post),) = about(mine, a_person(now=MONDAY))
    assert (number, same_post) == (alike.id, True)


def test_earlier_cases_are_the_identitys_own_newest_first(source):
    """Five of them with how they ended, all of them counted; another's and this one not."""
    anna = a_person(now=MONDAY)
    for number in range(7):
        at = MONDAY + number * HOUR
        take_in(source, said(f"Fråga {number}", at=at, by="A", under=other_post(number)))
    take_in(source, said("Fråga", at=MONDAY, by="B"))
    newest = cases()[6]
    sent = Pressed(cases()[5].id, "Så här är det", None, cases()[5].version, timedelta(0))
    pressed = press_send(sent, by=anna, now=MONDAY + 8 * HOUR)
    with writing():
        db.session.get_one(Answer, pressed.id).state = AnswerState.SENDING
    published(pressed.id, Receipt("svar1"), now=MONDAY + 9 * HOUR)
    shown, count = related.earlier(newest, anna)
    assert [one.case.snippet for one in shown] == [f"Fråga {n}" for n in (5, 4, 3, 2, 1)]
    assert count == 6
    assert shown[0].answer.body == "Så här är det"
    assert shown[0].answer.sent_by.name == "Anna Holm"
    assert [one.answer for one in shown[1:]] == [None] * 4


@pytest.mark.once
def test_a_case_split_from_another_is_its_identitys(source):
    """A split case belongs to the identity of the one it was taken from, both ways."""
    take_in(
        source, said("Första", at=MONDAY, by="A"), said("Annan", at=MONDAY, by="B", under=SQUARE)
    )
    take_in(source, said("Andra", at=MONDAY, by="A", under=other_post(1)))
    first, split, second = cases()
    with writing():
        row = db.session.get_one(Case, split.id)
        row.person_id, row.split_from_id = None, first.id
    anna = a_person(now=MONDAY)
    first, split, second = cases()
    assert {one.case.id for one in related.earlier(split, anna)[0]} == {first.id, second.id}
    assert {one.case.id for one in related.earlier(second, anna)[0]} == {first.id, split.id}


@pytest.mark.once
def test_an_unknown_author_has_no_earlier_cases(source):
    """Two who gave no name are not one."""
    take_in(source, said("Hej", at=MONDAY, by=None), said("Hej", at=MONDAY, by=None, under=SQUARE))
    assert related.earlier(cases()[0], a_person(now=MONDAY)) == ([], 0)
