"""What the pages know of the networks: locks, hints, incidents, the doorbell, connecting."""

import hashlib
import hmac
import json
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.answers.ready import CannotSend, Pressed
from app.answers.write import press_send
from app.channels.base import AtSource, Reason, TryLater
from app.channels.facebook.sign_in import SCOPES
from app.collecting import incidents
from app.database import db, writing
from app.models import Account, Answer, Event, Incident, Message, Source, Spending
from app.people.rights import NotAllowed
from app.web import words
from app.web.permissions import PERMISSIONS
from config import ROOT
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, said, take_in, the_case
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once


def pressed(case, **more):
    return Pressed(case.id, "Hej!", None, case.version, undo=timedelta(0), **more)


def with_facts(**facts):
    """The one message, with what the platform says of it."""
    with writing():
        message = db.session.scalars(select(Message)).one()
        for name, value in facts.items():
            setattr(message, name, value)
    return message


def test_what_the_platform_takes_no_answer_to_is_locked_before_anybody_writes(app):
    """The page says why, offers the platform's own page, and the press is refused as well."""
    take_in(an_account("x", now=MONDAY), said("Hej", at=MONDAY))
    with_facts(no_answer="not_summoned", answer_elsewhere="https://x.com/intent/post?in_reply_to=7")
    anna = a_person(now=MONDAY)
    page = signed_in(app, anna.login).get("/arenden/1").text
    assert "X tar inte emot svar härifrån" in page
    assert 'href="https://x.com/intent/post?in_reply_to=7"' in page
    assert "Går inte att publicera härifrån" in page
    assert "vi känner igen svaret" in page
    assert re.search(r'<textarea id="svar"[^>]* readonly', page)
    with pytest.raises(CannotSend) as caught:
        press_send(pressed(the_case()), by=anna, now=MONDAY)
    assert caught.value.reason == Reason.NOT_SUMMONED


def test_an_incident_holds_answers_and_ends(app):
    """Only an administrator begins one; sending waits, reading goes on, and it is told to all."""
    take_in(an_account("practice", now=MONDAY), said("Hej", at=MONDAY))
    anna, ida = a_person(now=MONDAY), a_person("administrator", "Ida Alm", now=MONDAY)
    with pytest.raises(NotAllowed):
        incidents.begin("practice", text="Facebook ligger nere", by=anna, now=MONDAY)
    with pytest.raises(incidents.NotSaid):
        incidents.begin("practice", text=" ", by=ida, now=MONDAY)
    client = signed_in(app, ida.login)
    form = {"csrf_token": token(client.get("/lage").text), "kanal": "practice"}
    client.post("/lage/laslage", data={**form, "text": "Falska svar syns hos Meta"})
    assert "Falska svar syns hos Meta" in client.get("/lage").text
    assert "Falska svar syns hos Meta" in signed_in(app, anna.login).get("/arenden/1").text
    with pytest.raises(CannotSend):
        press_send(pressed(the_case()), by=anna, now=MONDAY)
    with pytest.raises(TryLater):
        incidents.must_not_be_an_incident("practice", now=MONDAY)
    client.post("/lage/laslage/practice/slut", data=form)
    db.session.rollback()
    incidents.must_not_be_an_incident("practice", now=MONDAY)
    press_send(pressed(the_case()), by=anna, now=MONDAY)
    names = db.session.scalars(select(Event.name).where(Event.name.like("incident%"))).all()
    assert names == ["incident_began", "incident_ended"]


def test_a_channel_has_one_incident_at_a_time(app):
    """A second one only changes the sentence."""
    ida = a_person("administrator", "Ida Alm", now=MONDAY)
    incidents.begin("practice", text="Nere", by=ida, now=MONDAY)
    incidents.begin("practice", text="Fortfarande nere", by=ida, now=MONDAY)
    rows = db.session.scalars(select(Incident)).all()
    assert [row.text for row in rows] == ["Fortfarande nere"]


def rung(client, body, secret="hemlig"):
    said_ = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": said_}
    return client.post("/krok/facebook", data=body, headers=headers).status_code


def next_look(source):
    """When the source is looked at next, as it stands in the database now."""
    db.session.rollback()
    return db.session.get_one(Source, source.id, populate_existing=True).next_look_at


def test_the_doorbell_makes_the_next_look_come_at_once(app):
    """What carries Meta's signature makes that page's source due; nothing else does anything."""
    app.config.update(META_APP_SECRET="hemlig", META_VERIFY_TOKEN="ordet")
    source = an_account("facebook", now=MONDAY)
    with writing():
        source.account.external_id = "123"
        source.next_look_at = MONDAY + timedelta(days=400)
    client = app.test_client()
    body = json.dumps(
        {"object": "page", "entry": [{"id": "123", "time": 1, "changes": [{"field": "feed"}]}]}
    ).encode()
    assert rung(client, body, secret="fel") == 403
    assert client.post("/krok/facebook", data=body).status_code == 403
    assert next_look(source) == MONDAY + timedelta(days=400)
    assert rung(client, body) == 200
    assert next_look(source) < MONDAY + timedelta(days=399)


def test_a_source_that_was_asked_to_wait_is_not_rung_awake(app):
    """A doorbell never makes us break a limit: what is in trouble keeps its time."""
    app.config.update(META_APP_SECRET="hemlig")
    source = an_account("facebook", now=MONDAY)
    late = MONDAY + timedelta(days=400)
    with writing():
        source.account.external_id = "123"
        source.next_look_at, source.error_class = late, "BudgetSpent"
    body = json.dumps({"object": "page", "entry": [{"id": "123"}]}).encode()
    assert rung(app.test_client(), body) == 200
    assert next_look(source) == late


def test_meta_is_answered_its_challenge(app):
    """The right word gets the challenge back as plain text; the wrong one, or none set, 403."""
    ask = "/krok/facebook?hub.mode=subscribe&hub.challenge=4711&hub.verify_token="
    client = app.test_client()
    assert client.get(f"{ask}").status_code == 403
    app.config.update(META_VERIFY_TOKEN="ordet")
    assert client.get(f"{ask}fel").status_code == 403
    answer = client.get(f"{ask}ordet")
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "4711", "text/plain")


def test_connecting_goes_step_by_step_and_tells_what_is_missing(app):
    """Each step says what it lacks at the field, keeps what was told, and secrets never come back."""
    frida = a_person("communications", "Frida Hall", now=MONDAY)
    client = signed_in(app, frida.login)
    form = {"csrf_token": token(client.get("/konton/anslut?kanal=feed").text), "kanal": "feed"}

    def step(code, **more):
        form.update(more)
        return client.post("/konton/anslut", data={**form, "steg": code})

    answer = step("agare")
    assert (answer.status_code, "Skriv vad kontot ska heta" in answer.text) == (400, True)
    assert (
        "Vem har godkänt kontot?" in step("agare", namn="Museibloggen", syfte="Visa föremål").text
    )
    answer = step("godkannande", chef="Mats Öberg", datum="i går")
    assert "Skriv datumet för beslutet" in answer.text
    assert 'value="Mats Öberg"' in answer.text
    assert "inte vara från en dag" in step("godkannande", datum="2099-01-01").text
    assert 'name="syfte" value="Visa föremål"' in step("godkannande", datum="2026-11-18").text
    answer = step("inloggning")
    assert (answer.status_code, "behövs</p>" in answer.text) == (400, True)
    answer = step("inloggning", v_feed_url="http://127.0.0.1:9/flode")
    assert answer.status_code == 302
    account = db.session.scalars(select(Account)).one()
    assert (account.approved_by, account.purpose) == ("Mats Öberg", "Visa föremål")
    assert account.approved_at.date().isoformat() == "2026-11-18"
    assert "Går inte" in client.get(answer.location).text


def test_a_new_sign_in_leaves_what_was_not_given(app):
    """Only what is written is changed, the old secret is gone, and the source is due at once."""
    from app.basics.keys import open_sealed
    from app.collecting.accounts import NewAccount, connect, connect_again

    keys = app.config["CREDENTIALS_KEYS"]
    values = {"base_url": "https://b.example", "user": "red", "application_password": "gammalt"}
    new = NewAccount("wordpress", "Blogg", values, approved_by="Mats Öberg")
    account = connect(new, keys=keys, by=None, now=MONDAY)
    later = MONDAY + timedelta(days=2)
    connect_again(account.id, {"application_password": "nytt"}, keys=keys, by=None, now=later)
    db.session.rollback()
    again = db.session.get_one(Account, account.id)
    assert open_sealed(again.credentials, keys) == {"application_password": "nytt"}
    assert again.settings == {"base_url": "https://b.example", "user": "red"}
    source = db.session.scalars(select(Source).where(Source.account_id == account.id)).one()
    assert source.next_look_at == later


def test_trouble_is_told_above_the_list(app):
    """A source that lost its permission is told in the inbox, with what to do; another channel's is not."""
    source = an_account(now=MONDAY)
    with writing():
        source.error_class = "SignInNeeded"
    client = signed_in(app, a_person(now=MONDAY).login)
    assert "Behörighet saknas" in client.get("/arenden").text
    assert "Behörighet saknas" not in client.get("/arenden?kanal=feed").text


def test_what_a_message_carries_is_named(app):
    """A sticker and a picture are words and a link, never an address of somebody else's picture."""
    take_in(an_account(now=MONDAY), said("", at=MONDAY))
    with_facts(
        attachments=[["sticker", ""], ["picture", "Ett hål i gatan"]], url="https://f.example/1"
    )
    page = signed_in(app, a_person(now=MONDAY).login).get("/arenden/1").text
    assert "Klistermärke" in page
    assert "Ett hål i gatan" in page
    assert "<img" not in page
    assert len(cases()) == 1


def test_a_private_answer_is_an_act_of_its_own(app, at):
    """It has its own mode, button and window; a button of one mode never sends as the other."""
    at(MONDAY)
    take_in(an_account("facebook", now=MONDAY), said("Hej", at=MONDAY, by="Maria Lindqvist"))
    until = MONDAY + timedelta(days=7)
    with_facts(private_reply_until=until)
    client = signed_in(app, a_person(now=MONDAY).login)
    page = client.get("/arenden/1").text
    assert "Bara Maria Lindqvist ser svaret." in page
    assert "till och med 30 nov kl. 10.00" in page
    form = {"csrf_token": token(page), "version": 1, "svar": "Ring oss på 0418."}
    for act, mode in (("privat", "svar"), ("publicera", "privat")):
        client.post("/arenden/1/skriv", data={**form, "gor": act, "lagel": mode})
    db.session.rollback()
    assert [row.state for row in db.session.scalars(select(Answer))] == ["draft"]
    client.post("/arenden/1/skriv", data={**form, "gor": "privat", "lagel": "privat"})
    db.session.rollback()
    (answer,) = db.session.scalars(select(Answer))
    assert (answer.state, answer.private) == ("queued", True)
    at(until)
    assert "Skicka privat svar" not in client.get("/arenden/1").text


def test_what_cannot_be_answered_publicly_may_be_answered_in_private(app, at):
    """The public mode is locked with its reason, and the private one is chosen and open."""
    at(MONDAY)
    take_in(an_account("facebook", now=MONDAY), said("Hej", at=MONDAY))
    with_facts(no_answer="comments_closed", private_reply_until=MONDAY + timedelta(days=1))
    page = signed_in(app, a_person(now=MONDAY).login).get("/arenden/1").text
    assert "Kommentarerna är stängda" in page
    assert 'value="privat" checked' in page
    assert "Skicka privat svar" in page
    assert 'value="publicera"' not in page


def saved(client, page, body):
    """The fragment that the page gets while somebody types."""
    form = {"csrf_token": token(page), "version": 1, "gor": "utkast", "lagel": "svar", "svar": body}
    return client.post("/arenden/1/skriv", data=form, headers={"HX-Request": "true"}).text


def test_the_count_and_its_warnings_come_while_somebody_writes(app):
    """Weighted characters, a slip that makes a link with its price, and how much is too much."""
    take_in(an_account("x", now=MONDAY), said("Hej", at=MONDAY))
    client = signed_in(app, a_person(now=MONDAY).login)
    page = client.get("/arenden/1").text
    assert "av 280" in page
    said_ = saved(client, page, "Bl.a.vi ses")
    assert "”Bl.a.vi” blir en länk. Saknas ett mellanslag?" in said_
    assert "kostar svaret omkring 2 kr" in said_
    assert re.search(r'id="antal" hx-swap-oob="innerHTML">.*\b\d+ av 280', said_, re.DOTALL)
    assert "svaret har en länk och kostar omkring 2 kr" in saved(
        client, page, "Se www.landskrona.se"
    )
    said_ = saved(client, page, "ö" * 300)
    assert re.search(r"Stopp:</b> svaret är för långt. Korta med \d+ tecken", said_)
    assert "count--late" in said_
    signature = len("\n\n/Anna") + 20
    assert "tecken kvar" not in saved(client, page, "ö" * (260 - 2 * signature))


def test_the_count_is_there_without_script(app):
    """A button saves the draft and the page comes back with the same count and warnings."""
    take_in(an_account("x", now=MONDAY), said("Hej", at=MONDAY))
    client = signed_in(app, a_person(now=MONDAY).login)
    page = client.get("/arenden/1").text
    assert "Spara utkast och räkna tecken" in page
    form = {"csrf_token": token(page), "version": 1, "gor": "utkast", "lagel": "svar"}
    client.post("/arenden/1/skriv", data={**form, "svar": "ö" * 300})
    page = client.get("/arenden/1").text
    assert "svaret är för långt" in page
    assert 'aria-invalid="true"' in page


def test_an_incident_stands_above_the_list(app):
    """Everybody in the channel reads what has happened; those in another channel do not."""
    an_account("practice", now=MONDAY)
    ida = a_person("administrator", "Ida Alm", now=MONDAY)
    incidents.begin("practice", text="Falska svar syns", by=ida, now=MONDAY)
    client = signed_in(app, a_person(now=MONDAY).login)
    assert "i läsläge: Falska svar syns." in client.get("/arenden").text
    assert "Falska svar" not in client.get("/arenden?kanal=feed").text


def test_two_accounts_of_one_name_are_both_told(app):
    """The city has the same name on every network; trouble on one never hides trouble on another."""
    for channel in ("x", "youtube"):
        source = an_account(channel, now=MONDAY)
        with writing():
            source.error_class = "SignInNeeded"
    page = signed_in(app, a_person(now=MONDAY).login).get("/arenden").text
    assert "Stadsbloggen (X): Behörighet saknas." in page
    assert "Stadsbloggen (YouTube): Behörighet saknas." in page


def spent(source, amount):
    with writing():
        db.session.add(
            Spending(account_id=source.account_id, day=date(2026, 11, 2), operation="post_read",
                     count=1, amount=amount)
        )  # fmt: skip


def test_money_is_told_with_forecast_and_ceiling(app, at):
    """The register and the status page say what the month has cost, where it goes, and the ceiling."""
    at(MONDAY)
    spent(an_account("x", now=MONDAY, settings={"monthly_ceiling": "25"}), 20.0)
    client = signed_in(app, a_person("administrator", "Ida Alm", now=MONDAY).login)
    for address in ("/konton", "/lage"):
        page = client.get(address).text
        assert "20 av 25 dollar den här månaden" in page
        assert "På väg mot 26,82, över taket." in page


def test_the_status_page_says_what_was_read(app, at):
    """Per source: what it brings, when it was read well, when next, and how much came."""
    at(MONDAY + timedelta(hours=1))
    source = an_account("youtube", now=MONDAY)
    take_in(source, said("Hej", at=MONDAY), said("Hallå", at=MONDAY))
    with writing():
        row = db.session.get_one(Source, source.id)
        row.last_read_at, row.next_look_at = MONDAY, MONDAY + timedelta(minutes=65)
        row.notice, row.notice_text = "slowed", "63 %"
    page = signed_in(app, a_person(now=MONDAY).login).get("/lage").text
    assert "Kommentarer under kanalens filmer" in page
    assert "i dag 10.00" in page
    assert "i dag 11.05" in page
    assert "2 på ett dygn" in page
    assert "Hämtas mer sällan" in page


def test_rejecting_and_deleting_ask_for_a_reason(app):
    """A held comment can be turned down and an own answer taken away, each with a reason."""
    source = an_account("youtube", now=MONDAY)
    held = said("Hej", at=MONDAY, at_source=AtSource.HELD)
    ours = said("Svar", at=MONDAY + timedelta(minutes=1), by_city=True, answers=held.external_id)
    take_in(source, held, ours)
    page = signed_in(app, a_person(now=MONDAY).login).get("/arenden/1").text
    assert "Väntar på granskning, syns inte för andra" in page
    assert "Spara kopia och avvisa" in page
    assert "Spara kopia och ta bort" in page


def test_every_permission_and_notice_has_its_words():
    """What a channel's check or look can say stands in the tables, with how to get it."""
    codes = {
        "x": "sign_in right_account read_mentions read_own_posts search write hide stay",
        "youtube": "sign_in right_channel read_comments read_held answer_and_moderate",
        "facebook": "page posts authors token " + " ".join(SCOPES),
        "wordpress": "sign_in read_comments moderate_comments read_held feed",
        "feed": "feed comment_feeds",
        "practice": "read_comments answer",
    }
    for channel, names in codes.items():
        rows = PERMISSIONS.get(channel, {})
        assert [name for name in names.split() if name not in {**PERMISSIONS[""], **rows}] == []
    emitted = set()
    for file in (ROOT / "app" / "channels").rglob("*.py"):
        emitted |= set(re.findall(r'\(\("([a-z_]+)", ', file.read_text(encoding="utf-8")))
    assert len(emitted) > 5
    others = {"https", "quoted", "replied_to"}  # pairs of words that are no notices
    assert emitted - others - set(words.NOTICES) == set()


def test_an_answer_that_has_vanished_is_told_until_it_is_seen(app):
    """Its author finds it among those to sort out and in the case, and puts it aside with a press."""
    take_in(an_account("youtube", now=MONDAY), said("Hej", at=MONDAY))
    anna = a_person(now=MONDAY)
    answer = press_send(pressed(the_case()), by=anna, now=MONDAY)
    with writing():
        row = db.session.get_one(Answer, answer.id)
        row.state, row.reason = "sent", "vanished"
        row.sent_at, row.external_id = MONDAY, "r1"
    client = signed_in(app, anna.login)
    page = client.get("/svar").text
    assert "Svaret finns inte längre på plattformen" in page
    client.post(f"/svar/{answer.id}/sett", data={"csrf_token": token(page)})
    assert "Inget att reda ut" in client.get("/svar").text


def test_nothing_is_hidden_while_a_channel_is_read_only(app):
    """The press is refused with the true reason: the platform is not even asked."""
    take_in(an_account("practice", now=MONDAY), said("Hej", at=MONDAY))
    ida = a_person("administrator", "Ida Alm", now=MONDAY)
    incidents.begin("practice", text="Falska svar syns", by=ida, now=MONDAY)
    client = signed_in(app, a_person(now=MONDAY).login)
    form = {"csrf_token": token(client.get("/arenden/1").text), "skal": "hot"}
    number = db.session.scalars(select(Message.id)).one()
    page = client.post(f"/meddelanden/{number}/dolj", data=form, follow_redirects=True).text
    assert "Kanalen är satt i läsläge av en administratör." in page
    assert "Plattformen svarar inte" not in page


def test_what_x_must_have_agreed_is_said_before_anything_is_filled_in(app):
    """Who connects X reads first what a municipality must have agreed; other channels say nothing."""
    client = signed_in(app, a_person("communications", "Frida Hall", now=MONDAY).login)
    assert "Enterprise-avtal" in client.get("/konton/anslut?kanal=x").text
    assert "Enterprise-avtal" not in client.get("/konton/anslut?kanal=facebook").text
