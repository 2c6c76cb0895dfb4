"""A morning at customer service: sixty matters by the keyboard alone."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.basics import clock
from app.database import db, writing
from app.models import Answer, Case, Correction, Department, Message, Note, Staff, Suggestion
from app.models.case import CaseState
from app.people.practice import PRACTICE_PASSWORD, add_practice_staff
from tests.factories import an_account, cases, said, take_in
from tests.journeys.conftest import keep, sign_in

pytestmark = pytest.mark.once

UNSURE, PRAISE, KNOWN = 12, 25, 23
FIRST = [
    "Maria",
    "Johan",
    "Amina",
    "Lars",
    "Elin",
    "Omid",
    "Karin",
    "Nils",
    "Sara",
    "Per",
    "Leyla",
    "Göran",
]
LAST = ["Lindqvist", "Ek", "Öberg", "Persson", "Rahimi"]
NAMES = [f"{FIRST[n % 12]} {LAST[n // 12]}" for n in range(60)]


@pytest.fixture
def inbox(app):
    """Sixty residents have written: some unsure, some to be thanked, most laid with a department."""
    now = clock.now()
    add_practice_staff(now=now)
    source = an_account(now=now)
    kinds = ["fråga"] * UNSURE + ["beröm"] * PRAISE + ["fråga"] * KNOWN
    words = {"fråga": "När plogas vår gata? Fråga nummer", "beröm": "Tack för fin plogning, nummer"}
    take_in(
        source,
        *(
            said(f"{words[kind]} {n}", at=now - timedelta(minutes=90 - n), by=name)
            for n, (name, kind) in enumerate(zip(NAMES, kinds, strict=True))
        ),
        now=now,
    )
    home = db.session.scalars(select(Department.id).where(Department.slug == "gata-park")).one()
    with writing():
        for n, (case, kind) in enumerate(zip(db.session.scalars(select(Case)), kinds, strict=True)):
            case.kind, case.route_wanted, case.language = kind, False, "sv"
            case.department_id = None if n < UNSURE else home
            sure = 0.4 if n < UNSURE else 0.9
            near = [["miljo", 0.2], ["stadsbyggnad", 0.1]]
            db.session.add(
                Suggestion(
                    case_id=case.id, department="gata-park", certainty=sure, next=near,
                    words=["plogas"], model_version="x", at=now,
                )
            )  # fmt: skip
        db.session.execute(update(Staff).values(undo_seconds="0"))


ARRIVED = """() => !window.before && document.readyState === 'complete'
  && document.activeElement !== document.body"""


class Morning:
    """Anna at her keyboard: what she does to which case, and how many presses each act takes."""

    def __init__(self, page):
        self.page, self.did, self.presses = page, {}, Counter()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, words):
        self.page.keyboard.type(words)

    def act(self, what, *keys):
        """Press keys that bring a new page, and come to it with a place to be at."""
        self.page.evaluate("window.before = true")
        self.press(*keys)
        self.page.wait_for_function(ARRIVED)
        self.presses[what] = max(self.presses[what], len(keys))

    def hears(self, words):
        self.page.get_by_text(words).filter(visible=True).first.wait_for()

    def opens_next(self):
        """The next row of the list, from where she is; never one that she has been at."""
        self.act("open", "j", "Enter")
        case = int(self.page.locator("#narvaro").get_attribute("data-case"))
        assert case not in self.did
        return case

    def skips(self, many):
        """Down past what she has sent on to others and need not open again."""
        self.press(*["j"] * many)

    def goes_on(self):
        """From an empty list to all that is open."""
        self.act("go on", "j", "Enter")

    def answers(self, n, words="Hej, vi plogar i natt. {}"):
        case = self.opens_next()
        text = words.format(n)
        self.press("r")
        self.type(text)
        self.act("answer", "Control+Enter")
        assert self.page.evaluate("document.activeElement.matches('li:has(> .msg--pending)')")
        self.did[case] = ("answered", text)

    def answers_with_a_template(self):
        case = self.opens_next()
        self.press("t", "Enter", "Enter")
        self.page.wait_for_function("document.getElementById('svar').value.length > 20")
        assert self.page.evaluate("document.activeElement.id") == "svar"
        self.type(" Varma hälsningar.")
        text = self.page.locator("#svar").input_value()
        self.act("answer", "Control+Enter")
        self.did[case] = ("answered", text)

    def notes(self, n):
        case = self.opens_next()
        self.press("n")
        self.type(f"Ring Omar först. {n}")
        self.act("note", "Control+Enter")
        self.did[case] = ("noted", f"Ring Omar först. {n}")

    def forwards(self, words="Er väg, tror jag."):
        case = self.opens_next()
        self.press("f")
        self.type("kultur")
        self.press("Tab")
        self.type(words)
        self.act("forward", "Control+Enter")
        self.did[case] = ("forwarded", words)

    def hands_over(self):
        case = self.opens_next()
        self.act("hand over", "o")
        self.type("erik")
        self.act("hand over", "Control+Enter")
        self.did[case] = ("handed", "erik")

    def closes(self, outcome, *keys, reason=""):
        case = self.opens_next()
        self.act("close", "e")
        self.press(*keys)
        if reason:
            self.press("Tab")
            self.type(reason)
        self.act("close", "Enter")
        self.did[case] = ("closed", outcome)

    def does(self, what, *keys):
        """An act that is one key, or two."""
        case = self.opens_next()
        for key in keys:
            self.act(what, key)
        self.did[case] = (what, "")

    def picks_all_praise(self):
        """The filter is a key away; the first is picked, then all of them, then what to do."""
        self.press("l", "Tab", "Tab")
        self.type("ber")
        self.act("filter", "Control+Enter")
        self.hears("Tack för fin plogning, nummer")
        praise = {int(row) for row in self.page.evaluate(
            "[...document.querySelectorAll('a.rw')].map(row => row.dataset.case)")}  # fmt: skip
        assert len(praise) == PRAISE
        return praise

    def closes_the_picked(self):
        self.press("j", "x", "g", "Shift+Tab", "Enter", "Tab")
        self.type("inget")
        self.act("many", "Control+Enter")
        self.type("tackar bara")
        self.act("many", "Enter")
        self.hears(f"{PRAISE} ärenden")


def the_unsure_find_their_way(anna):
    """Ten of the unsure get a department, one goes aside and one is spam."""
    for _ in range(4):
        anna.does("moved to miljo", "2")
    for _ in range(2):
        case = anna.opens_next()
        anna.press("m")
        anna.type("omsorg")
        anna.act("move", "Control+Enter")
        anna.did[case] = ("moved to omsorg", "")
    for _ in range(4):
        anna.forwards()
    anna.does("snoozed", "s", "Enter")
    anna.closes("spam", "Space", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown")
    anna.goes_on()


def the_praise_is_read(anna, page):
    """All of it is closed at once, by mistake too early, and then once more."""
    praise = anna.picks_all_praise()
    anna.closes_the_picked()
    keep(page, "beromet-klart")
    anna.act("undo", "z")
    anna.hears(f"{PRAISE} ärenden är som förut.")
    anna.goes_on()
    assert anna.picks_all_praise() == praise
    anna.closes_the_picked()
    anna.did |= dict.fromkeys(praise, ("closed", "no_answer_needed"))
    anna.goes_on()


def the_rest_is_answered(anna, page):
    """Most get an answer; some are taken, put aside, handed over, or ended otherwise."""
    anna.skips(10)
    for n in range(7):
        anna.answers(n)
    keep(page, "ett-svar-pa-vag")
    for _ in range(2):
        anna.answers_with_a_template()
    for n in range(2):
        anna.notes(n)
        anna.does("taken", "a")
    for _ in range(2):
        anna.does("waiting", "v")
        anna.does("snoozed", "s", "Enter")
    anna.closes("answered", "Space")
    anna.closes("referred", "Space", "ArrowDown", reason="Region Skåne")
    anna.hands_over()
    anna.does("unread", "u")


def found_by_search(anna, page):
    """One is found by its words and answered, one answer is taken back and written anew."""
    anna.press("/")
    anna.type('"nummer 58"')
    anna.act("search", "Enter")
    anna.answers("sökt")
    with writing():
        db.session.execute(update(Staff).values(undo_seconds="tills"))
    anna.answers("för snabbt")
    case = list(anna.did)[-1]
    anna.act("undo", "z")
    anna.press("r")
    assert page.locator("#svar").input_value() == "Hej, vi plogar i natt. för snabbt"
    anna.press("Control+a")
    anna.type("Hej, vi plogar i kväll.")
    anna.act("answer", "Control+Enter")
    anna.did[case] = ("answered", "Hej, vi plogar i kväll.")


def stands_as(case, what, told, found):
    """Whether a case stands in the database as the act left it."""
    match what:
        case "answered":
            return found.answers[case.id] == [told] and case.is_open
        case "noted":
            return found.notes[case.id] == [told]
        case "forwarded":
            return case.department.slug == "kultur-fritid" and found.notes[case.id] == [told]
        case "handed":
            return case.assignee.login == told
        case "closed":
            return case.outcome == told and not case.is_open
        case "taken":
            return case.assignee.login == "anna"
        case "waiting":
            return case.state == CaseState.WAITING
        case "snoozed":
            return case.snoozed_until > clock.now()
        case "unread":
            return case.is_open and case.state == CaseState.NEW
    return case.department.slug == what.removeprefix("moved to ")


class Found:
    """What the database holds of what was written."""

    def __init__(self):
        db.session.commit()
        self.answers, self.notes = {}, {}
        for answer in db.session.scalars(select(Answer).where(Answer.state == "queued")):
            self.answers.setdefault(answer.case_id, []).append(answer.body)
        for note in db.session.scalars(select(Note)):
            self.notes.setdefault(note.case_id, []).append(note.text)


def test_sixty_matters_by_keyboard_only(app, inbox, served, page):
    """Each of sixty matters ends as meant, nothing else is sent, and no act loses the place."""
    sign_in(page, served, "anna", PRACTICE_PASSWORD)
    anna = Morning(page)
    the_unsure_find_their_way(anna)
    the_praise_is_read(anna, page)
    the_rest_is_answered(anna, page)
    found_by_search(anna, page)
    found, rows = Found(), cases()
    assert {case.id for case in rows} == set(anna.did)
    assert len(rows) == 60
    wrong = [(case.id, anna.did[case.id]) for case in rows
             if not stands_as(case, *anna.did[case.id], found)]  # fmt: skip
    assert wrong == []
    answered = {id for id, (what, _told) in anna.did.items() if what == "answered"}
    assert set(found.answers) == answered
    assert len(answered) == 11
    states = Counter(db.session.scalars(select(Answer.state)))
    assert states == {"queued": 11, "discarded": 1}
    assert db.session.scalars(select(Message.id).where(Message.by_city)).all() == []
    assert len(db.session.scalars(select(Correction.id)).all()) == 10
    assert max(anna.presses.values()) <= 3, anna.presses
