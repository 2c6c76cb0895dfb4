"""Hiding: a reason of the closed list, a copy before the act, nothing forbidden kept in clear."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.answers import freeze, moderate
from app.answers.freeze import copies_of, is_intact, picture_addresses
from app.channels import practice
from app.channels.base import Refused
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import options_from
from app.database import db, writing
from app.models import Answer, Case, Event, FrozenCopy, Message, RawPayload, Suggestion
from app.people.rights import NotAllowed
from app.reports.moderation import moderated
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, messages, put_with, the_case
from tests.web.test_roles import signed_in, token

HOUR = timedelta(hours=1)
KEPT = ("messages", "raw_payloads", "message_versions", "cases", "posts", "frozen_copies")


class Town:
    """A town whose comments can be hidden, and Anna who may."""

    def __init__(self, app, at):
        self.time = MONDAY
        self.at = at
        self.options = options_from(app.config)
        self.source = an_account("practice", now=MONDAY)
        self.people = practice.PracticeTown.open(
            app.config["DATA_DIR"], self.source.account.external_id
        )
        self.anna = a_person(now=MONDAY)
        self.hears("Jag vet var du bor")

    def hears(self, words):
        self.people.says(words, at=self.time)
        self.collect()

    def collect(self):
        self.time += HOUR
        self.at(self.time)
        collect_due(Collector(self.options, lambda: self.time))

    def hide(self, reason="hot", by=None, why=""):
        told = {"reason": reason, "why": why, "options": self.options, "now": self.time}
        return moderate.hide(self.message.id, by=by or self.anna, **told)

    def show(self):
        return moderate.show(self.message.id, by=self.anna, options=self.options, now=self.time)

    @property
    def message(self):
        return messages()[0]

    @property
    def copy(self):
        return copies_of([self.message.id])[self.message.id]

    def stands(self):
        return [one.state for one in self.people.everything()]


@pytest.fixture
def town(app, at):
    return Town(app, at)


def in_clear(words: str) -> list[str]:
    """The tables among KEPT that hold these words in clear."""
    db.session.commit()
    found = []
    for table in KEPT:
        rows = db.session.execute(text(f"SELECT * FROM {table}")).all()
        if any(words in str(value) for row in rows for value in row):
            found.append(table)
    return found


def test_who_may_not_hides_nothing_and_freezes_nothing(town):
    """Another department's handler and the administrator are refused, and leave no copy."""
    put_with(the_case(), "gata-park")
    for role, where in (("handler", "miljo"), ("administrator", "")):
        person = a_person(role, "Petra Lund", where, now=MONDAY)
        with pytest.raises(NotAllowed):
            town.hide(by=person)
    assert db.session.scalars(select(FrozenCopy)).all() == []
    assert town.stands() == ["visible"]


@pytest.mark.parametrize("reason", ["", "kritik", "tonen", "skadar varumärket"])
@pytest.mark.once
def test_there_is_no_reason_for_criticism(town, reason):
    """Only the closed list's reasons hide anything."""
    with pytest.raises(moderate.ReasonNeeded):
        town.hide(reason)
    assert town.stands() == ["visible"]


def test_a_copy_with_all_that_was_there_is_frozen_first(town):
    """Text, author, link, times, post, payload, reason, who and a sum that holds."""
    town.hide("hot", why="Nämner gatan.")
    copy = town.copy
    assert (copy.text, copy.reason, copy.why) == ("Jag vet var du bor", "hot", "Nämner gatan.")
    assert (copy.by_id, copy.by_name) == (town.anna.id, "Anna Holm")
    assert copy.author_name == town.message.author_name
    assert copy.author_external_id
    assert copy.payload == db.session.scalars(select(RawPayload.payload)).first()
    assert copy.post_external_id == town.message.post.external_id
    assert is_intact(copy, town.options.keys)
    assert town.stands() == ["hidden"]
    events = [row.name for row in db.session.scalars(select(Event).order_by(Event.id))]
    assert events.index("copy_frozen") < events.index("message_hidden")


def test_without_a_copy_nothing_is_hidden(town):
    """When the copy cannot be written the platform is never asked."""
    with writing():
        db.session.execute(text("ALTER TABLE frozen_copies RENAME TO elsewhere"))
    with pytest.raises(DatabaseError):
        town.hide()
    assert town.stands() == ["visible"]
    assert town.message.at_source == "visible"


def test_a_copy_is_never_changed_deleted_or_replaced(town):
    """The database refuses it, as it does for the ledger."""
    town.hide()
    for statement in (
        "UPDATE frozen_copies SET reason = 'hets'",
        "UPDATE frozen_copies SET text = ''",
        "UPDATE frozen_copies SET sealed = 'x', text = '', payload = '', sha256 = sha256 || ''"
        ", by_name = 'Någon annan'",
        "DELETE FROM frozen_copies",
    ):
        with pytest.raises(DatabaseError), writing():
            db.session.execute(text(statement))
    assert town.copy.reason == "hot"


def test_when_the_platform_says_no_the_copy_stays_and_the_message_is_as_it_was(town):
    """A refusal by the platform leaves a copy and no other trace."""
    with writing():
        db.session.get_one(Message, town.message.id).external_id = "finns inte"
    with pytest.raises(Refused):
        town.hide()
    assert town.message.at_source == "visible"
    assert town.copy.reason == "hot"
    assert "message_hidden" not in db.session.scalars(select(Event.name)).all()


def test_showing_again_is_as_easy_and_the_copy_stays(town):
    """One press; what was hidden is counted by its reason, what was shown again beside it."""
    town.hide("hets")
    town.show()
    assert town.stands() == ["visible"]
    told = moderated(MONDAY, MONDAY + 24 * HOUR)
    assert (told.hidden, told.shown_again) == (1, 1)
    assert {name: n for name, n in told.reasons.items() if n} == {"hets": 1}
    assert town.copy.reason == "hets"


def test_what_must_not_be_kept_in_clear_is_sealed_everywhere(town):
    """Text, payload and what the list shows are empty, and stay so when it is fetched again."""
    with writing():
        row = db.session.get_one(Case, the_case().id)
        db.session.add(
            Suggestion(case_id=row.id, department="ingen", certainty=0.5, next=[], kind="",
                       words=["bor"], urgent_words=[], model_version="1", at=MONDAY)
        )  # fmt: skip
    town.hide("barnpornografi", why="Anmält.")
    assert town.message.sealed
    assert in_clear("var du bor") == []
    assert town.message.text == the_case().snippet == town.copy.text == ""
    assert db.session.scalars(select(Suggestion.words)).all() == [[]]
    assert is_intact(town.copy, town.options.keys)
    town.people.edits(town.message.external_id, "Jag vet var du bor nu")
    town.collect()
    assert in_clear("var du bor") == []


def test_an_earlier_copy_in_clear_is_sealed_too(town):
    """What was first hidden for another reason is hidden again; neither copy holds it in clear."""
    town.hide("hets")
    town.hide("barnpornografi")
    assert in_clear("var du bor") == []
    rows = db.session.scalars(select(FrozenCopy).order_by(FrozenCopy.id)).all()
    assert [row.reason for row in rows] == ["hets", "barnpornografi"]
    assert all(is_intact(row, town.options.keys) for row in rows)
    town.show()
    assert town.message.text == "Jag vet var du bor"


def test_what_was_sealed_by_mistake_is_opened_when_it_is_shown_again(town):
    """The text stands in the conversation again, out of the sealed copy; hidden twice as well."""
    town.hide("barnpornografi")
    town.hide("barnpornografi")
    town.show()
    assert (town.message.text, town.message.sealed) == ("Jag vet var du bor", False)


@pytest.mark.once
def test_pages_show_nothing_of_what_is_sealed_and_say_whom_to_call(app, town):
    """Neither the case nor the copy's page holds the words; both name the police's number."""
    town.hide("barnpornografi")
    client = signed_in(app, town.anna.login)
    for address in (f"/arenden/{the_case().id}", f"/kopior/{town.copy.id}"):
        page = client.get(address).text
        assert "var du bor" not in page
        assert "114 14" in page
    assert "1 träff" not in client.get("/sok?q=bor").text


def test_a_word_to_the_writer_is_prepared_and_never_sent(app, town):
    """It lies in the composer as a draft; nothing is queued, and no draft is written over."""
    town.hide("personuppgifter")
    client = signed_in(app, town.anna.login)
    field = {"csrf_token": token(client.get("/mitt-konto").text)}
    address = f"/meddelanden/{town.message.id}/besked"
    page = client.post(address, data=field, follow_redirects=True).text
    assert "den har personuppgifter som inte bör stå öppet" in page
    db.session.commit()
    (answer,) = db.session.scalars(select(Answer)).all()
    assert (answer.state, answer.author_id) == ("draft", town.anna.id)
    again = client.post(address, data=field, follow_redirects=True).text
    assert "Du har redan ett utkast" in again


@pytest.mark.once
def test_the_writer_of_what_is_sealed_is_not_written_to(app, town):
    """No draft is made; the page says to call the police instead."""
    town.hide("barnpornografi")
    client = signed_in(app, town.anna.login)
    field = {"csrf_token": token(client.get("/mitt-konto").text)}
    address = f"/meddelanden/{town.message.id}/besked"
    assert "114 14" in client.post(address, data=field, follow_redirects=True).text
    assert db.session.scalars(select(Answer)).all() == []


@pytest.mark.once
def test_pictures_are_found_in_what_the_platform_gave():
    """Addresses below keys that speak of pictures, or that end as pictures do, once each."""
    told = {
        "attachment": {"media": {"image": {"src": "https://cdn.example/a?x=1"}}},
        "link": "https://landskrona.se/",
        "also": ["https://x.example/b.PNG?s=2", "https://cdn.example/a?x=1"],
    }
    assert picture_addresses(json.dumps(told)) == [
        "https://cdn.example/a?x=1",
        "https://x.example/b.PNG?s=2",
    ]
    assert picture_addresses("<rss/>") == []
    assert set(moderate.HIDE_REASONS) >= freeze.SEALED_REASONS


@pytest.mark.once
def test_a_copy_of_another_departments_case_is_like_none(app, town):
    """A handler elsewhere gets the same refusal as for a copy that is not there."""
    put_with(the_case(), "gata-park")
    town.hide()
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    client = signed_in(app, petra.login)
    there, nowhere = client.get(f"/kopior/{town.copy.id}"), client.get("/kopior/999")
    assert (there.status_code, nowhere.status_code) == (403, 403)
    assert there.data == nowhere.data
