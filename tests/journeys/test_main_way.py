"""The main way, end to end, against the real WordPress and in a real browser.

A visitor comments on the blog; the comment is in the inbox with a suggestion; a signed-in person
answers in Chromium; the blog's own database holds exactly one reply, under the right comment, by
the city's user.
"""

import html
import re

import pytest
from sqlalchemy import select

from app.answers.deliver import Deliverer, deliver_due
from app.basics import clock
from app.collecting.accounts import NewAccount, connect
from app.collecting.collect import collect_due
from app.collecting.connect import options_from
from app.database import db
from app.models import Source, Suggestion
from app.schedule import collector_of
from tests.factories import PASSWORD, a_person, cases, messages
from tests.journeys.conftest import sign_in

pytestmark = pytest.mark.xdist_group("wordpress")


class Blog:
    """The real blog, connected to the inbox, with somebody at work in a browser."""

    def __init__(self, app, wordpress, served, page):
        self.app, self.wordpress, self.served, self.page = app, wordpress, served, page
        connect(
            NewAccount(
                "wordpress",
                "Stadsbloggen",
                {
                    "base_url": wordpress.url,
                    "user": wordpress.user,
                    "application_password": wordpress.application_password,
                },
                approved_by="Eva Chef",
                allowed_private_hosts=("127.0.0.1",),
            ),
            keys=app.config["CREDENTIALS_KEYS"],
            by=None,
            now=clock.now(),
        )
        self.anna = a_person(now=clock.now())
        self.collect()

    def collect(self):
        """One good look; on a busy machine the blog may be too slow once."""
        for _ in range(3):
            db.session.commit()
            collect_due(collector_of(self.app), all_now=True)
            db.session.commit()
            source = db.session.scalars(
                select(Source).execution_options(populate_existing=True)
            ).one()
            if source.error_class not in ("TryLater", "OurFault"):
                return
        raise AssertionError(f"{source.error_class}: {source.error_text}")

    def deliver(self):
        db.session.commit()
        deliver_due(Deliverer(options_from(self.app.config), clock.now))

    def open_case(self, name):
        (case,) = [case for case in cases() if case.person_name == name]
        self.page.goto(f"{self.served.url}/arenden/{case.id}")
        return case

    def answer(self, text):
        self.page.get_by_label(re.compile("Ditt svar till")).fill(text)
        self.page.get_by_role("button", name=re.compile("^Publicera svar")).click()
        self.page.wait_for_selector(".msg--pending, .badge--ok")

    def replies_to(self, number):
        return [
            row
            for row in self.wordpress.comments()
            if row["parent"] == number and row["user_id"] == 2
        ]


@pytest.fixture
def blog(app, wordpress, served, page):
    made = Blog(app, wordpress, served, page)
    sign_in(page, served, made.anna.login, PASSWORD)
    return made


def as_read(row):
    """A comment's text as a visitor reads it."""
    return html.unescape(row["content"]).replace("\r\n", "\n")


WORDS = {
    "plain": "När plogas snön på Storgatan?",
    "signs": 'Är det "sant" & riktigt? 5 &amp; 6',
    "emoji": "Tack 🙂👩‍🚒 men när? ❄️",
    "long": "Snön ligger kvar. " * 277 + "Slut.",
}


@pytest.mark.parametrize("words", list(WORDS.values()), ids=list(WORDS))
def test_a_visitors_comment_is_answered_in_place(blog, words):
    """A visitor's comment gets exactly one reply, under it, by the city's user, word for word."""
    post = blog.wordpress.posts[1]
    number = blog.wordpress.comment(post, "Maria Öst", words)["id"]
    blog.collect()
    case = blog.open_case("Maria Öst")
    (suggestion,) = db.session.scalars(select(Suggestion).where(Suggestion.case_id == case.id))
    assert 0 < suggestion.certainty <= 1
    blog.page.get_by_text("Systemet föreslår:").wait_for()
    pressed = f"Hej Maria! {words}"
    blog.answer(pressed)
    blog.deliver()
    (reply,) = blog.replies_to(number)
    assert as_read(reply) == f"{pressed}\n\n/Anna, kundtjänst"
    assert (reply["post"], reply["status"], reply["author"]) == (post, "approved", "Redaktör Åsa")
    blog.collect()
    assert len(blog.replies_to(number)) == 1
    assert len([m for m in messages() if m.by_city]) == 1
    blog.page.reload()
    blog.page.get_by_text("Framme").wait_for()


def test_a_reply_to_a_reply_is_answered_under_itself(blog):
    """An answer to a resident's reply stands under that reply and not under its parent."""
    post = blog.wordpress.posts[0]
    first = blog.wordpress.comment(post, "Johan", "Råttor vid dammen")["id"]
    second = blog.wordpress.comment(post, "Maria Öst", "Här med. Vart anmäler man?", parent=first)
    blog.collect()
    blog.open_case("Maria Öst")
    blog.answer("På vår webbplats.")
    blog.deliver()
    assert len(blog.replies_to(second["id"])) == 1
    assert blog.replies_to(first) == []


def test_an_edited_comment_is_followed_and_the_send_stopped_until_seen(blog):
    """A comment edited meanwhile stops the send once, shows both texts, and is then answered."""
    number = blog.wordpress.comment(blog.wordpress.posts[0], "Maria Öst", "När öppnar det?")["id"]
    blog.collect()
    blog.open_case("Maria Öst")
    blog.wordpress.moderate(number, "edit", "När öppnar det, och vad kostar det?")
    move_checks_back()
    blog.collect()
    blog.page.get_by_label(re.compile("Ditt svar till")).fill("Klockan nio.")
    blog.page.get_by_role("button", name=re.compile("^Publicera svar")).click()
    blog.page.get_by_text("Något nytt har hänt i konversationen.").wait_for()
    assert blog.page.get_by_label(re.compile("Ditt svar till")).input_value() == "Klockan nio."
    blog.page.get_by_text("vad kostar det").first.wait_for()
    blog.answer("Klockan nio, gratis.")
    blog.deliver()
    assert len(blog.replies_to(number)) == 1


def test_a_deleted_comment_is_marked_and_cannot_be_answered(blog):
    """A comment deleted on the blog is marked as gone, and a send says so and keeps the text."""
    number = blog.wordpress.comment(blog.wordpress.posts[0], "Maria Öst", "Ångrar mig")["id"]
    blog.collect()
    blog.open_case("Maria Öst")
    blog.wordpress.moderate(number, "delete")
    blog.answer("Hej!")
    blog.deliver()
    blog.page.reload()
    blog.page.get_by_text("Kommentaren finns inte längre på plattformen.").wait_for()
    move_checks_back()
    blog.collect()
    blog.page.reload()
    blog.page.get_by_text("Borttagen på plattformen").wait_for()
    assert blog.replies_to(number) == []


def test_a_held_comment_is_shown_as_held_approved_and_answered(blog):
    """A comment that waits for approval says so; it is approved here and then answered."""
    blog.wordpress.set("moderation", True)
    made = blog.wordpress.comment(blog.wordpress.posts[0], "Maria Öst", "Får man fråga här?")
    blog.wordpress.set("moderation", False)
    assert made["status"] == "hold"
    blog.collect()
    blog.open_case("Maria Öst")
    blog.page.get_by_text("Väntar på granskning, syns inte för andra").wait_for()
    blog.page.get_by_role("button", name="Godkänn").click()
    blog.page.get_by_text("Kommentaren visas för besökare.").wait_for()
    (row,) = [row for row in blog.wordpress.comments() if row["id"] == made["id"]]
    assert row["status"] == "approved"
    blog.answer("Ja, det får man.")
    blog.deliver()
    assert len(blog.replies_to(made["id"])) == 1


def test_closed_comments_are_told_in_plain_words(blog):
    """When the blog has closed its comments the author reads why and what to do."""
    blog.wordpress.comment(blog.wordpress.posts[0], "Maria Öst", "Hinner jag?")
    blog.collect()
    blog.open_case("Maria Öst")
    blog.wordpress.set("close-comments", True)
    blog.answer("Ja.")
    blog.deliver()
    blog.wordpress.set("close-comments", False)
    blog.page.reload()
    blog.page.get_by_text("Kommentarerna är stängda på inlägget.").wait_for()


def test_a_dead_password_is_told_and_locks_the_box(blog):
    """With a revoked password the source says so and the answer box is locked with the reason."""
    blog.wordpress.comment(blog.wordpress.posts[0], "Maria Öst", "Hallå?")
    blog.collect()
    blog.wordpress.revoke("redaktor")
    blog.collect()
    blog.open_case("Maria Öst")
    blog.page.get_by_text("Kontots inloggning fungerar inte längre.").first.wait_for()
    assert blog.page.get_by_role("button", name=re.compile("^Publicera")).count() == 0


def move_checks_back():
    """As if the messages had last been asked about an hour ago."""
    from datetime import timedelta

    from app.database import writing
    from app.models import Message

    with writing():
        for row in db.session.scalars(select(Message)):
            row.checked_at = row.checked_at - timedelta(hours=1)
