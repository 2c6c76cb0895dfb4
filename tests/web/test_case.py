"""The case's page: what is done with it, what stands folded in it, and what it says beside."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.channels.base import AtSource, PostSeen
from app.database import db, writing
from app.inbox.handle import write_note
from app.models import Event, Message, Note
from app.web.thread import changes, difference
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in, the_case
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(app, at):
    """Anna's browser, an account on a practice channel, and one resident's question."""
    at(MONDAY + timedelta(hours=1))
    return Desk(app)


class Desk:
    """Customer service at work, in plain forms."""

    def __init__(self, app):
        self.app = app
        self.source = an_account("practice", now=MONDAY)
        self.anna = a_person(now=MONDAY)
        self.client = signed_in(app, self.anna.login)
        self.field = token(self.client.get("/mitt-konto").text)

    def hears(self, *seen):
        """Words that residents have said."""
        take_in(self.source, *seen)

    def page(self, address="/arenden/1"):
        """A page's text."""
        answer = self.client.get(address)
        assert answer.status_code == 200
        return answer.text

    def press(self, address, **form):
        """A form is sent; the page it leads to."""
        what = {"csrf_token": self.field, **form}
        return self.client.post(address, data=what, follow_redirects=True)


# --- Notes and hand-overs -------------------------------------------------------------------------


def test_the_author_is_told_who_cannot_be_reached_and_why(desk):
    """A name out of reach comes back in plain words; the note is kept."""
    desk.hears(said("Hål i gatan", at=MONDAY))
    put_with(the_case(), "gata-park")
    a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    form = {"gor": "anteckna", "lagel": "anteckning", "anteckning": "@Petra titta"}
    page = desk.press("/arenden/1/skriv", **form).text
    assert "@Petra får inte se ärendet eller avdelningens anteckningar" in page
    assert "Anteckningen är sparad" in page


def test_a_mention_waits_in_the_side_bar_until_the_case_is_opened(desk):
    """The colleague sees the count and the note with the name marked; opening the case reads it."""
    desk.hears(said("Hål i gatan", at=MONDAY))
    omar = a_person("customer_service", "Omar Nasser", now=MONDAY)
    write_note(1, body="@Anna ring <b>Omar</b>", by=omar, now=MONDAY)
    page = desk.page("/omnamnanden")
    assert '<b class="mention">@Anna</b> ring &lt;b&gt;Omar&lt;/b&gt;' in page
    assert 'href="/arenden/1#n1"' in page
    assert "Oläst</span>" in page
    assert "▲</span> 1</span>" in page
    assert '<b class="mention">@Anna</b>' in desk.page()
    assert "Oläst</span>" not in desk.page("/omnamnanden")


def test_forwarding_keeps_message_and_move_together(desk):
    """The composer's message goes with the case; to a department that is not there nothing goes."""
    desk.hears(said("Hål i gatan", at=MONDAY))
    form = {"gor": "vidare", "lagel": "vidare", "meddelande": "Er gata"}
    assert (
        "Avdelningen finns inte" in desk.press("/arenden/1/skriv", till="ingenstans", **form).text
    )
    assert db.session.scalar(select(func.count(Note.id))) == 0
    desk.press("/arenden/1/skriv", till="gata-park", **form)
    db.session.commit()
    assert db.session.scalars(select(Note.text)).all() == ["Er gata"]
    assert the_case().department.slug == "gata-park"


def test_a_case_is_handed_to_a_colleague_by_name(desk):
    """Only colleagues who may see the case are offered; the one chosen has it and is told."""
    desk.hears(said("Hål i gatan", at=MONDAY))
    put_with(the_case(), "gata-park")
    omar = a_person("handler", "Omar Nasser", "gata-park", now=MONDAY)
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    page = desk.page("/arenden/1/overlat")
    assert "Omar Nasser" in page
    assert "Petra Lund" not in page
    refused = desk.press("/arenden/1/overlat", till=petra.id, meddelande="Mitt meddelande")
    assert refused.status_code == 400
    assert "Mitt meddelande" in refused.text
    page = desk.press("/arenden/1/overlat", till=omar.id, meddelande="Din").text
    assert "överlåtet till Omar Nasser" in page
    assert "Överläts till: <b>Omar Nasser</b>" in page
    assert "▲</span> 1</span>" in signed_in(desk.app, omar.login).get("/arenden").text


# --- Aside ----------------------------------------------------------------------------------------


def test_a_case_is_put_aside_and_taken_out_with_plain_forms(desk):
    """The strip says until when; "take out now" is beside it and in the menu."""
    desk.hears(said("Hål i gatan", at=MONDAY))
    assert "data-snooze" in desk.page()
    assert "i dag 12.00" in desk.page("/arenden/1/undan")
    page = desk.press("/arenden/1/undan", till="imorgon", version=1).text
    assert "undanlagt till i morgon 08.00" in page
    page = desk.page()
    assert "Undanlagt till i morgon 08.00" in page
    assert "Lades undan till" in page
    page = desk.press("/arenden/1/ta-fram").text
    assert "Undanlagt till" not in page
    assert "Togs fram igen" in page


def test_a_time_that_cannot_be_is_asked_for_again(desk):
    """A half-typed time, one that has been and one too far off say what to do, and nothing is done."""
    desk.hears(said("Hål i gatan", at=MONDAY))
    for day, hour in (("", "08:00"), ("2026-11-22", "08:00"), ("2028-01-01", "08:00"), ("x", "y")):
        answer = desk.press("/arenden/1/undan", till="egen", dag=day, klocka=hour, version=1)
        assert answer.status_code == 400
        assert "Fel: Lägg undan" in answer.text
    assert the_case().snoozed_until is None
    desk.press("/arenden/1/undan", till="egen", dag="2026-12-24", klocka="15:00", version=1)
    assert the_case().snoozed_until.isoformat() == "2026-12-24T14:00:00+00:00"


# --- Closed, opened, unread -----------------------------------------------------------------------


def test_each_outcome_says_what_it_means(desk):
    """The page of outcomes says for each what the resident gets, and takes whom from the suggestion."""
    desk.hears(said("Hål i vägen", at=MONDAY))
    with writing():
        the_case().refer_to = "Trafikverket"
    page = desk.page("/arenden/1/klar")
    assert "Invånaren får sitt svar i det andra ärendet" in page
    assert 'value="Trafikverket"' in page
    page = desk.press("/arenden/1/klar", utfall="referred", till_vem="Trafikverket", version=1).text
    assert the_case().outcome_reason == "Trafikverket"
    assert "Trafikverket" in desk.page()


def test_a_duplicate_says_of_which(desk):
    """A number in any of its forms, or one of those suggested; one that is not there is refused."""
    square = PostSeen("p2", "Torgdag", "Kom", "https://x.se/p2")
    desk.hears(
        said("Lyset på Rådhustorget är trasigt", at=MONDAY, by="A"),
        said("Rådhustorget är mörkt", at=MONDAY, by="B", under=square),
    )
    first, second = cases()
    assert f'name="dubblett" value="{second.id}"' in desk.page(f"/arenden/{first.id}/klar")
    form = {"utfall": "duplicate", "version": 1}
    for wrong in ({}, {"dubblett_av": "LA-2026-99999"}, {"dubblett_av": str(first.id)}):
        answer = desk.press(f"/arenden/{first.id}/klar", **form, **wrong)
        assert answer.status_code == 400
        assert 'value="duplicate" required checked' in answer.text
    desk.press(f"/arenden/{first.id}/klar", **form, dubblett_av=f"LA-2026-{second.id}")
    assert cases()[0].outcome_reason == f"LA-2026-{second.id}"


def test_a_closed_case_is_opened_again_from_its_menu(desk):
    """The menu of a closed case opens it; the ledger's line names who did."""
    desk.hears(said("Hej", at=MONDAY))
    desk.press("/arenden/1/klar", utfall="spam", version=1)
    page = desk.page()
    assert "Öppna igen" in page
    assert "data-snooze" not in page
    page = desk.press("/arenden/1/oppna-igen").text
    assert "Öppnades igen – <b>Anna Holm</b>" in page
    assert "Ärendet är redan öppet" in desk.press("/arenden/1/oppna-igen").text


def test_a_case_left_unread_is_unread_in_the_list(desk):
    """Marking as unread leads to the list, where the case stands out again."""
    desk.hears(said("Hej", at=MONDAY))
    desk.page()
    assert "rw--unread" not in desk.page("/arenden")
    assert "rw--unread" in desk.press("/arenden/1/olast").text


# --- The conversation -----------------------------------------------------------------------------


def test_others_talk_is_folded_and_ones_own_is_not(desk):
    """Four in a row by others are folded behind how many they are; the case's own words never."""
    desk.hears(said("Första", at=MONDAY, by="Bo", number="top"))
    for number in range(4):
        by = f"Granne {number}"
        desk.hears(said(f"Håller med {number}", at=MONDAY + number * MINUTE, by=by, answers="top"))
    desk.hears(said("Men när?", at=MONDAY + 9 * MINUTE, by="Bo", answers="top"))
    page = desk.page().partition('id="konversation"')[2]
    assert "4 tidigare kommentarer – visa" in page
    places = (
        "Första",
        '<li class="fold">',
        "Håller med 0",
        "Håller med 3",
        "</li>\n<li",
        "Men när?",
    )
    found = [page.index(places[0])]
    for text in places[1:]:
        found.append(page.index(text, found[-1]))
    assert "Håller med" not in page[: found[1]]
    assert "Men när?" not in page[found[1] : found[3]]
    assert "tidigare kommentarer – visa" not in desk.page("/arenden/1?alla=1")


def test_of_many_replies_the_newest_and_the_unanswered_stand_open(desk):
    """Over twenty replies fold, except the last eight and what still waits for an answer."""
    desk.hears(said("Första", at=MONDAY, by="Bo", number="top"))
    for number in range(30):
        desk.hears(said(f"Rad {number}.", at=MONDAY + number * MINUTE, by="Bo", answers="top"))
    with writing():
        for message in db.session.scalars(select(Message)):
            message.settled = message.text not in ("Första", "Rad 3.", "Rad 29.")
    page = desk.page()
    assert "18 tidigare kommentarer – visa" in page
    assert page.count("<details><summary>") == 1
    assert "Rad 0." in page


def test_deep_threads_say_whom_they_answer(desk):
    """A reply to a reply is drawn beside it and says whose words it answers."""
    desk.hears(
        said("Topp", at=MONDAY, by="Bo", number="a"),
        said("Svar", at=MONDAY, by="Johan Persson", number="b", answers="a"),
        said("Svar på svar", at=MONDAY, by="Bo", number="c", answers="b"),
    )
    assert "svar till Johan Persson" in desk.page()


def test_an_edit_shows_what_was_changed(desk):
    """Words put in and taken out are marked; what is gone at its source says when."""
    desk.hears(said("Badet är <i>kallt</i> i dag", at=MONDAY, number="1"))
    desk.hears(said("Badet är varmt i dag", at=MONDAY, number="1"))
    page = desk.page()
    assert "1 ändring – visa vad som ändrades" in page
    assert '<del><span class="vh">borttaget: </span>&lt;i&gt;kallt&lt;/i&gt; </del>' in page
    assert '<ins><span class="vh">tillagt: </span>varmt </ins>' in page
    desk.hears(said("Badet är varmt i dag", at=MONDAY, number="1", at_source=AtSource.REMOVED))
    assert "Borttagen på plattformen i dag 10.00" in desk.page()


def test_a_difference_loses_no_word():
    """What is the same and taken out is the old text, what is the same and put in the new one."""
    old, new = "Hej på er\nalla  glada", "Hej på dig\noch alla glada"
    pieces = difference(old, new)
    assert "".join(t for kind, t in pieces if kind != "del").split() == new.split()
    assert "".join(t for kind, t in pieces if kind != "ins").split() == old.split()
    assert difference("a " * 600, "b " * 600) == [("del", "a " * 600), ("ins", "b " * 600)]
    assert changes([], "x") == []


def test_a_long_post_is_folded_and_whole_in_reach(desk):
    """The post above is cut with all of it behind a fold; a short one is not."""
    long = PostSeen("p9", "Långt", "ord " * 200 + "slutet", "https://x.se/p9")
    desk.hears(said("Jaha", at=MONDAY, under=long), said("Nähä", at=MONDAY))
    page = desk.page()
    assert "Visa hela inlägget" in page
    assert "slutet" in page
    assert "Visa hela inlägget" not in desk.page("/arenden/2")


def test_the_printed_page_holds_everything_open(desk):
    """The page to print has every fold open, asks the server for nothing, and hides notes as ever."""
    desk.hears(said("Första", at=MONDAY, by="Bo", number="top"))
    for number in range(4):
        desk.hears(said("Jag med", at=MONDAY, by=f"G{number}", answers="top"))
    page = desk.page("/arenden/1/utskrift")
    assert "<details open>" in page
    assert "<details><summary>" not in page
    assert "every 3s" not in page
    with writing():
        db.session.add(Note(case_id=1, author_id=desk.anna.id, text="Hemligt", at=MONDAY))
    put_with(cases()[0], "omsorg")
    assert "Hemligt" not in desk.page("/arenden/1/utskrift")


def test_earlier_and_related_cases_stand_beside(desk):
    """Earlier ones come with the page; related ones are fetched by it, or shown by a link."""
    square = PostSeen("p2", "Torgdag", "Kom", "https://x.se/p2")
    desk.hears(
        said("Lyset på Rådhustorget är trasigt", at=MONDAY, by="Bo"),
        said("Rådhustorget är mörkt", at=MONDAY, by="Eva", under=square),
        said("Något helt annat", at=MONDAY - MINUTE, by="Bo", under=square),
    )
    number = next(one.id for one in cases() if one.snippet.startswith("Lyset"))
    page = desk.page(f"/arenden/{number}")
    assert "Tidigare från Bo" in page
    assert "Något helt annat" in page
    assert f"/arenden/{number}/liknande" in page
    assert "Nämner också" not in page
    fetched = desk.client.get(f"/arenden/{number}/liknande", headers={"HX-Request": "true"}).text
    assert "Nämner också Rådhustorget" in fetched
    assert "<html" not in fetched
    assert "Nämner också Rådhustorget" in desk.page(f"/arenden/{number}?liknande=1")


def test_opening_related_cases_writes_nothing_about_them(desk):
    """Looking for related cases leaves no line in the ledger."""
    desk.hears(said("Lyset på Rådhustorget är trasigt", at=MONDAY))
    told = select(func.count(Event.id)).where(Event.name != "case_looked_at")
    before = db.session.scalar(told)
    desk.page("/arenden/1?liknande=1")
    db.session.commit()
    assert db.session.scalar(told) == before
