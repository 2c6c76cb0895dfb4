"""A person behind every answer: nothing but a press of send puts one in the outbox.

Every job, every command and every route is walked, with a draft, an answer that waits for approval
and an uncertain answer lying ready to be taken by mistake; and the database is asked directly.
"""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from app import schedule
from app.answers import approve, drafts, write
from app.answers.ready import Pressed
from app.channels import practice
from app.database import db, writing
from app.models import Account, Answer, Event
from app.models.staff import Role
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, put_with, said, take_in, the_case
from tests.web.test_roles import ALLOWED, WHERE, signed_in, token

MINUTE = timedelta(minutes=1)
PRESSES = {
    "answer.compose": "the composer's buttons",
    "answer.settle": "the author says that an uncertain answer is missing: a press of send anew",
    "approve.decide": "a second person approves what somebody has written",
    "post.send": "one answer to several cases",
    "post_approval.decide": "a second person approves one answer to several cases",
}
"""The only routes that may put an answer in the outbox; what is sent without their button may not."""
LEAVES_NOBODY = {"start", "run", "work", "shell"}
"""Commands that serve or wait until they are ended: what they run is walked here piece by piece."""


class Ready:
    """An inbox with all that could be taken for an answer to send: drafts, and words of all kinds."""

    def __init__(self, app):
        self.app = app
        self.source = an_account("practice", now=MONDAY)
        practice.PracticeTown.open(app.config["DATA_DIR"], self.source.account.external_id)
        take_in(self.source, said("När öppnar badet?", at=MONDAY))
        put_with(the_case(), "gata-park")
        self.anna = a_person(now=MONDAY)
        self.omar = a_person("customer_service", "Omar Nasser", now=MONDAY)
        drafts.save_draft(the_case().id, body="Klockan nio.", by=self.anna, now=MONDAY)
        with writing():
            db.session.get_one(Account, self.source.account_id).four_eyes = True
        pressed = Pressed(the_case().id, "Klockan tio.", None, the_case().version, timedelta())
        approve.put_forward(pressed, by=self.omar, now=MONDAY)
        with writing():
            db.session.get_one(Account, self.source.account_id).four_eyes = False

    def presses(self) -> int:
        """How many answers have ever been pressed, and how many the ledger knows of."""
        db.session.commit()
        pressed = select(func.count()).where(Answer.pressed_at.is_not(None))
        logged = select(func.count()).where(Event.name == "answer_queued")
        return (db.session.scalar(pressed) or 0) + (db.session.scalar(logged) or 0)


@pytest.fixture
def ready(app, at):
    at(MONDAY + MINUTE)
    return Ready(app)


def test_no_job_puts_an_answer_in_the_outbox(ready):
    """Each job of the one table of what runs when leaves the drafts where they lie."""
    assert len(schedule.JOBS) >= 6
    for job in schedule.JOBS:
        if job.name != "learn":  # it starts the command `train`, which is walked below
            job.run(ready.app)
        assert (job.name, ready.presses()) == (job.name, 0)


def test_no_command_puts_an_answer_in_the_outbox(ready):
    """Each command of ours, with an argument where it wants one, and with none."""
    runner, seen = ready.app.test_cli_runner(), 0
    for command in walked(ready.app.cli, ()):
        for arguments in ([], ["1"], ["--once"]):
            runner.invoke(args=[*command, *arguments], input="")
        seen += 1
        assert (command, ready.presses()) == (command, 0)
    assert seen > 15


def walked(group, path):
    """Every command below a group, as the words that call it; none of Flask's own."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands") and name != "db":
            yield from walked(command, (*path, name))
        elif name not in LEAVES_NOBODY and name not in ("db", "routes", "train"):
            yield (*path, name)


FIELDS = ("svar", "text", "meddelande", "anteckning", "besked", "body", "q", "skal")
BUTTONS = ("", "utkast", "forhandsgranska", "hanvisa", "anteckna", "vidare", "godkannande",
           "spara", "skicka", "Publicera")  # fmt: skip
"""What the composer may be told besides publishing; the last two are no buttons at all."""


def test_no_route_but_a_press_of_send_puts_an_answer_in_the_outbox(ready):
    """Every address pressed as every role with words in every field, and read by who may first.

    On PostgreSQL each is pressed once, by the first role that may; the rest is the same for both.
    """
    done, every_role = set(), db.engine.dialect.name == "sqlite"
    for role in Role:
        client, field = browser_of(ready, role)
        form = {"csrf_token": field, **dict.fromkeys(FIELDS, "Klockan elva.")}
        for endpoint, method, address in routes(ready.app):
            once = method == "GET" or not every_role
            if once and ((endpoint, method) in done or role not in ALLOWED.get(endpoint, Role)):
                continue
            if method == "POST":
                client.post(address, data=form | {"version": str(the_case().version)})
            elif every_role:
                client.get(address)
            done.add((endpoint, method))
            assert (role, endpoint, method, ready.presses()) == (role, endpoint, method, 0)
    assert {(endpoint, method) for endpoint, method, _address in routes(ready.app)} == done


def test_in_the_composer_only_the_send_buttons_send(ready):
    """Any other button, in any mode, with words and the right version; and send in another mode."""
    client, field = browser_of(ready, Role.CUSTOMER_SERVICE)
    send = ("publicera", "publicera-klar")
    for mode in ("svar", "privat", "anteckning", "vidare", "annat"):
        for button in BUTTONS if mode in ("svar", "privat") else send:
            form = {"csrf_token": field, "gor": button, "lagel": mode, "svar": "Klockan elva."}
            form["version"] = str(the_case().version)
            client.post(f"/arenden/{the_case().id}/skriv", data=form)
            assert (mode, button, ready.presses()) == (mode, button, 0)


def test_the_send_button_sends(ready):
    """The very same form with the one button queues it: what the others lack is the press."""
    client, field = browser_of(ready, Role.CUSTOMER_SERVICE)
    form = {"csrf_token": field, "gor": "publicera", "lagel": "svar", "svar": "Klockan elva."}
    form["version"] = str(the_case().version)
    client.post(f"/arenden/{the_case().id}/skriv", data=form)
    assert ready.presses() == 2


def browser_of(ready, role):
    """A browser with somebody of this role signed in, and what their forms carry."""
    person = a_person(role, "Alva Berg", "gata-park" if role == Role.HANDLER else "", now=MONDAY)
    client = signed_in(ready.app, person.login)
    return client, token(client.get("/mitt-konto").text)


def routes(app):
    """(endpoint, method, address) of every route, signing out last."""
    found = []
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            values = {name: ({"kind": "csv"} | WHERE).get(name, 1) for name in rule.arguments}
            address = app.url_for(rule.endpoint, **values)
        found += [(rule.endpoint, method, address) for method in rule.methods & {"GET", "POST"}]
    return sorted(found, key=lambda row: row[0] == "sign_in.leave")


def test_only_routes_that_are_a_press_of_send_call_what_queues(app):
    """`put_in_outbox` and its likes are called from the uses behind PRESSES and from nowhere else."""
    from pathlib import Path

    root = Path(app.root_path)
    queues = re.compile(r"state\w*\s*=\s*AnswerState\.QUEUED|state=AnswerState\.QUEUED")
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if any(queues.search(line) for line in path.read_text().splitlines())
    }
    assert found <= {
        "answers/write.py",
        "answers/several.py",
        "answers/several_approval.py",
        "answers/record.py",
        "answers/deliver.py",
    }
    assert set(PRESSES) <= set(ALLOWED)


QUEUED = (
    "INSERT INTO answers (case_id, in_reply_to_id, author_id, body, signature, state, key,"
    " case_version, sent_by_id, pressed_at, tries, looks, reason, asked_body, to_post, url, private,"
    " held, created_at, changed_at) VALUES (:case, :message, :staff, :body, '/Anna', 'queued',"
    " :key, 1, :by, :pressed, 0, 0, '', '', false, '', false, false, :at, :at)"
)


def test_the_database_refuses_a_queued_answer_without_a_person_or_words(ready):
    """Without who pressed, without when, or with nothing in it."""
    for lacking in (
        ("Hej", False, True),
        ("Hej", True, False),
        ("", True, True),
        (" ", True, True),
    ):
        with pytest.raises(DatabaseError):
            queue_by_hand(ready, *lacking)
    assert ready.presses() == 0


def test_the_database_takes_a_queued_answer_with_a_person_and_words(ready):
    """The same row with all of it is taken: what the other test refuses is what it lacks."""
    queue_by_hand(ready, "Hej", True, True)
    assert ready.presses() == 1


def queue_by_hand(ready, body, by, pressed):
    """A row as somebody with the database open might write it."""
    at = MONDAY.replace(tzinfo=None) if db.engine.dialect.name == "sqlite" else MONDAY
    values = {"case": the_case().id, "message": 1, "staff": ready.anna.id, "body": body}
    values |= {"key": "k", "by": ready.anna.id if by else None, "pressed": at if pressed else None}
    with writing():
        db.session.execute(text(QUEUED), values | {"at": at})


CHANGES = (
    "body = 'annat'",
    "signature = '/Någon annan'",
    "state = 'draft'",
    "sent_by_id = NULL",
    "pressed_at = NULL",
    "key = 'ny'",
)


def test_what_was_pressed_is_neither_rewritten_nor_let_loose(ready):
    """The database refuses other words, another name, nobody, or a way back to a draft."""
    press(ready)
    for change in CHANGES:
        with pytest.raises(DatabaseError), writing():
            db.session.execute(text(f"UPDATE answers SET {change} WHERE state = 'queued'"))


def test_a_draft_without_words_cannot_be_queued(ready):
    """Not by an update either, whoever is said to have pressed."""
    draft = drafts.draft_of(the_case().id, ready.anna)
    queue = "UPDATE answers SET state = 'queued', sent_by_id = :by, pressed_at = created_at"
    for body in ("", "  "):
        with writing():
            db.session.get_one(Answer, draft.id).body = body
        with pytest.raises(DatabaseError), writing():
            db.session.execute(text(f"{queue} WHERE id = :id"), {"by": 1, "id": draft.id})


def press(ready):
    """Anna presses send on her draft, and has time to undo it."""
    case = the_case()
    pressed = Pressed(case.id, "Klockan nio.", None, case.version, 60 * MINUTE)
    return write.press_send(pressed, by=ready.anna, now=MONDAY)
