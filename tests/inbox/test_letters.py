"""Who hears of what by letter, and when; and that each letter leaves at most once."""

import threading
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.basics.clock import STOCKHOLM, to_local
from app.database import db, writing
from app.inbox.digests import digest_is_due, queue_digests
from app.inbox.handle import close, hand_over, mark_seen, take
from app.inbox.letter_box import PAUSES, carry, mail_room
from app.inbox.letter_text import CaseLine, Reader, about_cases
from app.inbox.letters import queue_letters
from app.inbox.notes import write_note
from app.models import Answer, AnswerCase, Case, Department, Event, Mail, Mention, Presence, Staff
from app.models.case import Outcome
from app.models.event import log_event
from app.people.staff import change_own_mail, switch_off
from app.reports.health import mail_trouble
from app.routing.transfer import hand_back, reroute
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in
from tests.mailbox import a_mailbox

MINUTE = timedelta(minutes=1)
SOON = MONDAY + 6 * MINUTE
SATURDAY = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)


@pytest.fixture
def box():
    """The city's mail server."""
    with a_mailbox() as made:
        yield made


def room(box=None, **changed):
    """The mail room of a city with a mail server."""
    return mail_room(
        {
            "SMTP_URL": box.url if box else "", "MAIL_FROM": "vaxeln@stad.test",
            "CITY": "Landskrona", "PUBLIC_URL": "https://v.test", "CASE_PREFIX": "LA", **changed,
        }
    )  # fmt: skip


def reads(staff, when="each", *, at="08:00"):
    """The person wants letters."""
    first = staff.name.split()[0].lower()
    change_own_mail(staff, email=f"{first}@gata.test", when=when, at=at, now=MONDAY - 9 * MINUTE)
    return staff


def a_case(*, department="gata-park", at=MONDAY, urgent=False, text="Hål", by="Maria Lindqvist"):
    """A resident's case that the model has laid with a department."""
    source = an_account(now=at)
    take_in(source, said(text, at=at, by=by))
    case = cases()[-1]
    put_with(case, department)
    with writing():
        db.session.get_one(Case, case.id).urgent = urgent
        log_event("case_routed", at=at, case_id=case.id, to=department)
    return case


def run(box, now):
    """One run of the job; the letters that left in it."""
    before = len(box.letters)
    queue_letters(now=now)
    queue_digests(now=now)
    carry(room(box), lambda: now)
    return box.letters[before:]


def handler(name="Petra Lund", department="gata-park", **how):
    """A handler who reads letters."""
    return reads(a_person("handler", name, department, now=MONDAY), **how)


def rows():
    """All letters as they stand."""
    db.session.commit()
    query = select(Mail).order_by(Mail.id).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


# --- Who hears nothing ----------------------------------------------------------------------------


def test_nobody_hears_of_what_they_may_not_see(app, box):
    """Other departments, those switched off, without address or who want none get no letter."""
    handler("Omar Ek", "miljo")
    handler("Lisa Alm", when="")
    off = handler("Nils Berg")
    switch_off(off.login, now=MONDAY)
    a_person("handler", "Ida Sten", "gata-park", now=MONDAY)
    reads(a_person("customer_service", now=MONDAY))
    a_case()
    assert [run(box, SOON + n * MINUTE) for n in range(3)] == [[], [], []]
    assert rows() == []


def test_a_case_that_moves_on_at_once_tells_nobody(app, box):
    """What is handed back, closed or taken by a colleague within five minutes gives no letter."""
    handler()
    anna = a_person(now=MONDAY)
    colleague = a_person("handler", "Olle Ax", "gata-park", now=MONDAY)
    back, done, taken = a_case(by="A"), a_case(by="B"), a_case(by="C")
    assert run(box, MONDAY + MINUTE) == []
    assert len(rows()) == 3
    hand_back(back.id, by=colleague, now=MONDAY + 2 * MINUTE)
    close(
        done.id, outcome=Outcome.SPAM, reason="", by=anna, seen_version=1, now=MONDAY + 2 * MINUTE
    )
    take(taken.id, by=colleague, now=MONDAY + 2 * MINUTE)
    assert run(box, SOON) == []
    assert rows() == []


def test_nobody_is_told_of_their_own_act_or_of_what_they_have_open(app, box):
    """Who moved the case, has just had it open, or has it open now, gets no letter."""
    petra = handler()
    mover = handler("Olle Ax")
    case, seen, here = a_case(department="miljo", by="A"), a_case(by="B"), a_case(by="C")
    with writing():
        db.session.get_one(Case, case.id).assignee_id = mover.id
    reroute(case.id, to="gata-park", by=mover, now=MONDAY)
    with writing():
        db.session.get_one(Case, case.id).assignee_id = None
    for one in (petra, mover):
        mark_seen(db.session.get_one(Case, seen.id), by=one, now=MONDAY + MINUTE)
        with writing():
            db.session.add(Presence(staff_id=one.id, case_id=here.id, seen_at=MONDAY))
    (letter,) = run(box, SOON)
    assert letter.to == "petra@gata.test"
    assert f"/arenden/{case.id}\n" in letter.body
    assert len(rows()) == 1


def test_without_a_mail_server_nothing_is_queued(app):
    """An installation that sends no letters looks for none."""
    from app.schedule import letters

    handler()
    a_case()
    assert letters(app) == 0
    assert rows() == []


# --- What a letter says ---------------------------------------------------------------------------


def test_a_letter_holds_a_link_and_no_word_of_the_resident(app, box):
    """Number, channel, kind, department, times and the link are there; name and words are not."""
    handler()
    case = a_case(text="Min granne Sven dricker, ring 070-123 45 67", by="Maria Lindqvist")
    with writing():
        db.session.get_one(Case, case.id).kind = "fråga"
    (letter,) = run(box, SOON)
    assert letter.subject == f"Växeln: nytt ärende LA-2026-{case.id}"
    for told in (
        f"LA-2026-{case.id}\n", "Blogg", "Fråga", "Gata", "Har väntat 6 min.",
        "Ska besvaras senast 24 nov 16.30.", f"\nhttps://v.test/arenden/{case.id}\n",
        "https://v.test/mitt-konto",
    ):  # fmt: skip
        assert told in letter.body, told
    for kept in ("Maria", "Lindqvist", "granne", "Sven", "070", "plogar"):
        assert kept not in letter.body + letter.subject
    assert "!" not in letter.body + letter.subject


def test_a_letter_speaks_the_readers_language():
    """A person who reads English gets the pages' English words."""
    link, since = "https://v.test/arenden/1", MONDAY - timedelta(hours=1)
    line = CaseLine("LA-2026-1", link, "X", "fråga", "", False, since, MONDAY)
    texts = {
        language: about_cases([line], Reader(language, "https://v.test", MONDAY))[1]
        for language in ("sv", "en")
    }
    assert "Fråga" in texts["sv"]
    assert "Question" in texts["en"]
    assert "Fråga" not in texts["en"]


def test_the_ledger_knows_of_a_letter_and_names_nobody(app, box):
    """mail_sent tells to whom by number and about which cases; no address stands in it."""
    petra = handler()
    case = a_case()
    run(box, SOON)
    told = db.session.scalars(select(Event).where(Event.name == "mail_sent")).one()
    assert told.details == {"person": petra.id, "kind": "routed", "cases": [case.id]}


# --- Each case ------------------------------------------------------------------------------------


def test_one_letter_per_case_until_it_is_opened(app, box):
    """However much happens, a second letter comes only after the person has had the case open."""
    petra = handler()
    case = a_case()
    assert len(run(box, SOON)) == 1

    def again(at):
        with writing():
            log_event("case_routed", at=at, case_id=case.id, to="gata-park")
        return run(box, at + 21 * MINUTE)

    assert again(MONDAY + timedelta(hours=1)) == []
    mark_seen(db.session.get_one(Case, case.id), by=petra, now=MONDAY + timedelta(hours=2))
    assert len(again(MONDAY + timedelta(hours=3))) == 1
    assert again(MONDAY + timedelta(hours=4)) == []


def test_a_handed_over_case_tells_the_one_who_got_it(app, box):
    """The colleague to whom a case is handed over gets a letter; the rest of them do not."""
    petra, _other = handler(), handler("Olle Ax")
    anna = a_person(now=MONDAY)
    case = a_case(at=MONDAY - timedelta(days=2))
    hand_over(case.id, to=petra.id, message="", by=anna, now=MONDAY)
    (letter,) = run(box, SOON)
    assert letter.to == "petra@gata.test"
    assert "Ärendet ligger hos dig." in letter.body


def test_who_is_named_in_a_note_is_told(app, box):
    """A mention gives a letter that says so; once read before it leaves, none."""
    petra = handler()
    anna = a_person(now=MONDAY)
    case = a_case(at=MONDAY - timedelta(days=2))
    write_note(case.id, body="@petra kan du titta på Marias fråga", by=anna, now=MONDAY)
    assert db.session.scalar(select(Mention.staff_id)) == petra.id
    assert run(box, MONDAY + MINUTE) == []
    (letter,) = run(box, SOON)
    assert "nämnd" in letter.subject
    assert "Maria" not in letter.body
    write_note(case.id, body="@petra igen", by=anna, now=SOON + MINUTE)
    mark_seen(db.session.get_one(Case, case.id), by=petra, now=SOON + 2 * MINUTE)
    assert run(box, SOON + 40 * MINUTE) == []


def put_forward(case, author, at):
    """A colleague's answer that waits for a second person."""
    from app.models import Message

    with writing():
        message = db.session.scalars(select(Message.id).where(Message.case_id == case.id)).first()
        db.session.add(
            Answer(
                case_id=case.id, in_reply_to_id=message, author_id=author.id, body="Hej",
                key=f"k{case.id}", case_version=1, asked_at=at, created_at=at, changed_at=at,
            )
        )  # fmt: skip


def test_who_may_approve_an_answer_is_told_and_its_author_is_not(app, box):
    """A second person who may see the case gets a letter; one whose own answers need one does not."""
    author, _petra, never = handler("Olle Ax"), handler(), handler("Ny Person")
    with writing():
        db.session.get_one(Staff, never.id).four_eyes = True
    case = a_case(at=MONDAY - timedelta(days=2))
    put_forward(case, author, MONDAY)
    (letter,) = run(box, SOON)
    assert letter.to == "petra@gata.test"
    assert "godkännande" in letter.subject


def test_only_who_may_approve_all_of_an_answer_is_told(app, box):
    """Of one to several, who sees each case; in a restricted department nobody from outside."""
    author, _petra = handler("Olle Ax"), handler()
    reads(a_person("customer_service", "Anna Holm", now=MONDAY))
    old = MONDAY - timedelta(days=2)
    one, other = a_case(at=old), a_case(department="miljo", at=old, by="B")
    put_forward(one, author, MONDAY)
    with writing():
        answer = db.session.scalars(select(Answer)).one()
        answer.to_post = True
        for case in (one, other):
            db.session.add(AnswerCase(answer_id=answer.id, case_id=case.id, case_version=1))
    assert [letter.to for letter in run(box, SOON)] == ["anna@gata.test"]
    closed = a_case(department="omsorg", at=old, by="C")
    with writing():
        home = db.session.scalars(select(Department).where(Department.slug == "omsorg")).one()
        home.restricted = True
    put_forward(closed, author, SOON)
    assert run(box, SOON + 20 * MINUTE) == []


def test_a_burst_comes_in_few_letters(app, box):
    """Twenty cases within twenty minutes are told in a few letters, each case once."""
    handler()
    for number in range(20):
        a_case(at=MONDAY + number * MINUTE, by=f"P{number}")
    for number in range(20):
        run(box, MONDAY + 2 * number * MINUTE)
    links = [line for one in box.letters for line in one.body.split() if "/arenden/" in line]
    assert len(box.letters) <= 3
    assert {row.state for row in rows()} == {"sent"}
    assert len(links) == len(set(links)) == 20


def test_letters_keep_to_opening_hours_but_for_what_is_urgent(app, box):
    """On a Saturday only what is urgent comes; the rest on Monday when the department opens."""
    handler()
    with writing():
        home = db.session.scalars(select(Department).where(Department.slug == "gata-park")).one()
        home.opening_hours = {"mon": [["09:00", "12:00"]], "tue": [["09:00", "12:00"]]}
    calm, hurried = a_case(at=SATURDAY, by="A"), a_case(at=SATURDAY, by="B", urgent=True)
    (letter,) = run(box, SATURDAY + 6 * MINUTE)
    assert f"/arenden/{hurried.id}\n" in letter.body
    assert "brådskande" in letter.subject
    assert run(box, SATURDAY + timedelta(hours=40)) == []
    monday = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    assert run(box, monday - MINUTE) == []
    (letter,) = run(box, monday)
    assert f"/arenden/{calm.id}\n" in letter.body


def test_what_becomes_urgent_does_not_wait_for_monday(app, box):
    """A letter that lies until the department opens leaves when its case has become urgent."""
    handler()
    case = a_case(at=SATURDAY)
    assert run(box, SATURDAY + 6 * MINUTE) == []
    with writing():
        db.session.get_one(Case, case.id).urgent = True
    assert len(run(box, SATURDAY + 20 * MINUTE)) == 1


# --- The day's letter -----------------------------------------------------------------------------


def test_the_days_letter_tells_all_that_waits(app, box):
    """Count, how many are late, the oldest first, mentions and approvals; at the chosen hour, once."""
    petra = handler(when="digest", at="10:15")
    colleague, anna = a_person("handler", "Olle Ax", "gata-park", now=MONDAY), a_person(now=MONDAY)
    fresh = a_case(by="A")
    old = a_case(at=MONDAY - timedelta(days=7), by="B")
    taken, named = a_case(by="C"), a_case(department="miljo", by="D")
    take(taken.id, by=colleague, now=MONDAY)
    with writing():
        db.session.get_one(Case, named.id).assignee_id = petra.id
    write_note(named.id, body="@petra se här", by=anna, now=MONDAY)
    put_forward(taken, colleague, MONDAY)
    assert run(box, MONDAY + 14 * MINUTE) == []
    (letter,) = run(box, MONDAY + 15 * MINUTE)
    assert letter.subject == "Växeln: 5 saker väntar"
    assert "3 ärenden väntar på dig eller din avdelning. 1 av dem skulle redan" in letter.body
    lines = [line for line in letter.body.split() if "/arenden/" in line]
    wanted = (taken, named, old, fresh, named)
    assert lines == [f"https://v.test/arenden/{case.id}" for case in wanted]
    assert [run(box, MONDAY + n * MINUTE) for n in (16, 60, 300)] == [[], [], []]
    assert len(run(box, MONDAY + timedelta(days=1, minutes=15))) == 1


def test_a_long_list_is_cut_and_says_so(app, box):
    """At most twenty cases stand in the day's letter, with how many more there are."""
    handler(when="digest", at="10:00")
    for number in range(23):
        a_case(by=f"P{number}")
    (letter,) = run(box, MONDAY)
    assert letter.body.count("/arenden/") == 20
    assert "Och 3 ärenden till:" in letter.body


def test_no_days_letter_when_nothing_waits(app, box):
    """A day on which nothing waits has no letter, and none is left behind."""
    handler(when="digest")
    assert run(box, MONDAY) == []
    assert rows() == []


def test_choosing_the_days_letter_does_not_bring_one_at_once(app, box):
    """Who chooses it after its hour gets the first the next day."""
    petra = a_person("handler", "Petra Lund", "gata-park", now=MONDAY)
    change_own_mail(petra, email="p@gata.test", when="digest", at="08:00", now=MONDAY)
    a_case()
    assert run(box, MONDAY) == []
    assert len(run(box, MONDAY + timedelta(days=1))) == 1


@settings(max_examples=40)
@given(
    hour=st.times().map(lambda at: f"{at:%H:%M}"),
    start=st.sampled_from([date(2026, 3, 26), date(2026, 10, 22), date(2027, 3, 25)]),
    step=st.integers(11, 59),
    down=st.integers(0, 8 * 24 * 40),
)
def test_one_days_letter_each_working_day_across_both_shifts(hour, start, step, down):
    """Over either shift, and a stop of two hours, each working day has exactly one."""
    days = [start + timedelta(days=n) for n in range(9)]
    at, end = (datetime.combine(day, time(), STOCKHOLM).astimezone(UTC) for day in days[::8])
    closed = frozenset({days[6]})
    stopped = at + down * MINUTE
    last, written = None, []
    for moment in (at + n * step * MINUTE for n in range((end - at) // (step * MINUTE))):
        up = not stopped <= moment < stopped + timedelta(hours=2)
        if up and digest_is_due(hour, last, moment, closed):
            assert f"{to_local(moment):%H:%M}" >= hour
            last = to_local(moment).date()
            written.append(last)
    working = {day for day in days[:8] if day.weekday() < 5 and day not in closed}
    late = working if hour >= "21:00" else set()  # the stop, or a step, may take the evening
    assert len(written) == len(set(written))
    assert working - late <= set(written) <= working


# --- At most once ---------------------------------------------------------------------------------


def test_what_the_server_does_not_take_now_is_tried_for_a_day(app, box):
    """With growing pauses, the trouble told on the status page, and then given up in plain words."""
    handler()
    a_case(urgent=True)
    box.answers["mail"] = b""
    now, tries = SOON, []
    while rows() == [] or rows()[0].state == "queued":
        run(box, now)
        tries.append(now)
        assert mail_trouble(now) == "unreachable"
        now = rows()[0].due_at if rows()[0].state == "queued" else now
    assert len(tries) == len(PAUSES) + 1
    assert timedelta(hours=20) < tries[-1] - tries[0] < timedelta(hours=24)
    assert (rows()[0].state, rows()[0].error) == ("failed", "unreachable")
    failed = db.session.scalars(select(Event).where(Event.name == "mail_failed")).one()
    assert failed.details["why"] == "unreachable"
    assert mail_trouble(now + timedelta(hours=25)) == ""


def test_a_server_that_comes_back_gets_the_letter_once(app, box):
    """A letter that had to wait leaves when the server answers, and the trouble is over."""
    handler()
    a_case()
    box.answers["mail"] = b""
    assert run(box, SOON) == []
    box.answers.clear()
    assert run(box, SOON) == []
    assert len(run(box, SOON + MINUTE)) == 1
    assert mail_trouble(SOON + MINUTE) == ""


@pytest.mark.parametrize(
    ("answers", "address", "why"),
    [
        ({"rcpt": b"550 nej"}, "petra@gata.test", "recipient"),
        ({"end": b""}, "petra@gata.test", "silent"),
        ({}, "petra@gata.test\nBcc: a@b.test", "our_fault"),
    ],
)
def test_what_may_have_left_or_never_can_is_not_tried_again(app, box, answers, address, why):
    """A no for good, an unclear outcome and an address that is none end the letter."""
    petra = handler()
    with writing():
        db.session.get_one(Staff, petra.id).email = address
    a_case()
    box.answers.update(answers)
    run(box, SOON)
    box.answers.clear()
    assert [run(box, SOON + n * timedelta(hours=1)) for n in (1, 5, 23)] == [[], [], []]
    assert (rows()[0].state, rows()[0].error) == ("failed", why)


class Killed(BaseException):
    """As a process that ends here."""


@pytest.mark.parametrize("step", range(1, 6))
def test_a_worker_that_dies_sends_nothing_twice(app, box, step):
    """Wherever it ends, the letter comes once, or is given up when the lease has run out."""
    handler()
    case = a_case()
    queue_letters(now=SOON)
    looks = iter(range(1, 99))

    def dying() -> datetime:
        if next(looks) == step:
            raise Killed
        return SOON

    with pytest.raises(Killed):
        carry(room(box), dying)
    db.session.rollback()
    left = len(box.letters)
    assert left == (step == 5)  # the server has it, and nobody here has written that down
    claimed = step > 2
    assert (rows()[0].state == "sending") is claimed
    assert len(run(box, SOON + MINUTE)) == (not claimed)
    run(box, SOON + timedelta(minutes=11))
    assert len(box.letters) == max(left, not claimed) <= 1
    assert (rows()[0].state, rows()[0].error) == (("failed", "lost") if claimed else ("sent", ""))
    if claimed:
        failed = db.session.scalars(select(Event).where(Event.name == "mail_failed")).one()
        assert failed.details["cases"] == [case.id]


def test_workers_side_by_side_send_nothing_twice(app, box):
    """Four workers at the same moment queue and send each person's letters once."""
    people = [handler(name) for name in ("Petra Lund", "Olle Ax", "Ida Sten")]
    people += [handler("Ulf Ek", when="digest", at="10:00")]
    for number in range(4):
        a_case(by=f"P{number}")
    start, faults = threading.Barrier(4), []

    def work() -> None:
        with app.app_context():
            try:
                for now in (MONDAY + MINUTE, SOON, SOON + 20 * MINUTE):
                    start.wait(timeout=60)  # their clocks show the same
                    run(box, now)
            except Exception as error:
                faults.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert {row.state for row in rows()} == {"sent"}
    assert len(rows()) == 3 * 4 + 1
    got = [
        (one.to, word) for one in box.letters for word in one.body.split() if "/arenden/" in word
    ]
    assert len(got) == len(set(got)) == 4 * 4


@pytest.mark.once
@pytest.mark.xdist_group("mail")
def test_the_whole_way_to_a_real_mailbox(app, mail_server, monkeypatch):
    """Case, letter, TLS, sign-in, mailbox; and what the server refuses is told and not tried again."""
    monkeypatch.setenv("SSL_CERT_FILE", mail_server.ca_file)
    user = mail_server.user.replace("@", "%40")
    where = f"127.0.0.1:{mail_server.submission_port}?starttls=ja"
    real = room(
        SMTP_URL=f"smtp://{user}:{mail_server.password}@{where}", MAIL_FROM=mail_server.user
    )
    handler()
    gone = handler("Nils Borta", "miljo")
    with writing():
        db.session.get_one(Staff, gone.id).email = "ingen@example.test"
    case = a_case()
    a_case(department="miljo", by="B")
    queue_letters(now=SOON)
    assert carry(real, lambda: SOON) == 1
    got = mail_server.newest("petra@gata.test")
    assert f"https://v.test/arenden/{case.id}" in got.get_content()
    assert mail_trouble(SOON) == "recipient"
    assert carry(real, lambda: SOON + timedelta(hours=1)) == 0
    mail_server.fault("smtp")
    try:
        a_case(at=SOON, by="C")
        queue_letters(now=SOON + 30 * MINUTE)
        assert carry(real, lambda: SOON + 30 * MINUTE) == 0
        assert rows()[-1].error == "unreachable"
    finally:
        mail_server.fault("off")
    assert carry(real, lambda: SOON + 31 * MINUTE) == 1
    assert len(mail_server.letters("petra@gata.test", 2)) == 2
