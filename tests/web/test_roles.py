"""Who may come in where: denied first, every route, every role."""

import re

import pytest

from app.channels.base import AtSource
from app.models.staff import Role
from app.web import CONTENT_SECURITY_POLICY, OPEN
from tests.conftest import MONDAY
from tests.factories import (
    PASSWORD,
    a_person,
    an_account,
    cases,
    put_with,
    said,
    take_in,
    the_case,
)

ALL = set(Role)
WORKERS = ALL - {Role.ADMINISTRATOR}
SEE_ACCOUNTS = {Role.MANAGER, Role.COMMUNICATIONS, Role.ADMINISTRATOR}
CHANGE_ACCOUNTS = {Role.COMMUNICATIONS, Role.ADMINISTRATOR}
ONLY_ADMIN = {Role.ADMINISTRATOR}
ONLY_MANAGER = {Role.MANAGER}
ONLY_COMMUNICATIONS = {Role.COMMUNICATIONS}
SEE_BLOCKED = {Role.MANAGER, Role.COMMUNICATIONS}
SEE_ROUTING = {Role.MANAGER, Role.ADMINISTRATOR}
BRING = ALL - {Role.HANDLER}
ALLOWED = {
    "inbox.home": ALL, "inbox.show": ALL, "inbox.news": ALL, "case.show": ALL, "case.news": ALL,
    "search.show": ALL,
    "inbox.rows_now": ALL, "views.show": ALL, "views.keep": ALL, "views.rename": ALL,
    "views.drop": ALL, "many.review": WORKERS, "many.do": WORKERS, "many.show": WORKERS,
    "many.undo": WORKERS,
    "post.show": ALL, "post.compose": WORKERS, "post.send": WORKERS, "post.write_again": WORKERS,
    "post_approval.show": WORKERS, "post_approval.decide": WORKERS,
    "case.take": WORKERS, "case.let_go": WORKERS, "case.wait": WORKERS, "case.closing": WORKERS,
    "case.close": WORKERS, "case.move": WORKERS, "case.not_ours": WORKERS, "case.hide": WORKERS,
    "case.unhide": WORKERS, "answer.compose": WORKERS, "answer.mine": WORKERS,
    "answer.undo": WORKERS, "answer.release": WORKERS, "answer.settle": WORKERS,
    "approve.show": WORKERS, "approve.decide": WORKERS, "approve.take_back": WORKERS,
    "approve.on_account": CHANGE_ACCOUNTS, "approve.of_person": ONLY_ADMIN,
    "answer.again": WORKERS, "answer.seen": WORKERS, "status.show": ALL, "me.show": ALL, "me.change": ALL,
    "me.change_mail": ALL, "me.try_mail": ALL, "admin.set_email": ONLY_ADMIN,
    "sign_in.leave": ALL, "components.show": ALL, "admin.show_accounts": SEE_ACCOUNTS,
    "connect.choose": CHANGE_ACCOUNTS, "connect.step": CHANGE_ACCOUNTS,
    "admin.connect_again": CHANGE_ACCOUNTS, "case.reject": WORKERS, "case.delete_own": WORKERS,
    "status.begin_incident": ONLY_ADMIN, "status.end_incident": ONLY_ADMIN,
    "admin.check_account": CHANGE_ACCOUNTS, "admin.change_account": CHANGE_ACCOUNTS,
    "admin.show_not_understood": ONLY_ADMIN, "admin.show_staff": ONLY_ADMIN,
    "admin.add_staff": ONLY_ADMIN, "admin.switch_off": ONLY_ADMIN,
    "routing.show": SEE_ROUTING, "routing.rules": SEE_ROUTING, "routing.add": ONLY_ADMIN,
    "routing.switch": ONLY_ADMIN, "routing.put_model_back": ONLY_ADMIN,
    "merging.choose": WORKERS, "merging.join": WORKERS, "merging.part": WORKERS,
    "merging.choose_words": WORKERS, "merging.take_out": WORKERS, "merging.put_back": WORKERS,
    "hours.show": CHANGE_ACCOUNTS, "hours.keep": CHANGE_ACCOUNTS,
    "hours.set_goal": CHANGE_ACCOUNTS,
    "templates.show": ALL, "templates.new": CHANGE_ACCOUNTS, "templates.add": CHANGE_ACCOUNTS,
    "templates.edit": CHANGE_ACCOUNTS, "templates.change": CHANGE_ACCOUNTS,
    "templates.switch": CHANGE_ACCOUNTS, "templates.measure": CHANGE_ACCOUNTS,
    "helps.find_templates": WORKERS, "helps.search_templates": WORKERS,
    "helps.insert_template": WORKERS, "helps.find_earlier": WORKERS,
    "helps.show_earlier": WORKERS, "helps.insert_earlier": WORKERS,
    "snooze.show": WORKERS, "snooze.put": WORKERS, "snooze.wake": WORKERS, "notes.mentions": ALL,
    "notes.choose": WORKERS, "notes.hand_over": WORKERS, "case.reopen": WORKERS,
    "case.unread": ALL, "case.printed": ALL, "case.alike": ALL,
    "live.pulse": ALL, "live.writes": WORKERS, "live.leave_to": WORKERS,
    "calls.new": WORKERS, "calls.save": WORKERS, "calls.suggest": WORKERS,
    "call_counts.show": BRING, "call_counts.bring": BRING, "website.show": BRING,
    "website.bring": BRING, "website.look_now": BRING, "link_marks.switch": CHANGE_ACCOUNTS,
    "calls.called_back": WORKERS, "calls.mark": WORKERS,
    "keys.show": ALL, "keys.change": ALL,
    "reports.show": ALL, "reports.cases": ALL, "reports.export": ALL,
    "policy.show": ALL, "policy.show_version": ALL, "policy.edit": ONLY_COMMUNICATIONS,
    "policy.change": ONLY_COMMUNICATIONS, "register.show": ALL, "register.file": ALL,
    "register.edit": CHANGE_ACCOUNTS, "register.approve": CHANGE_ACCOUNTS,
    "register.keep": CHANGE_ACCOUNTS, "register.review": WORKERS, "moderation.ask": WORKERS,
    "moderation.copy": WORKERS, "moderation.tell": WORKERS, "moderation.blocked": SEE_BLOCKED,
    "moderation.decide": ONLY_MANAGER, "moderation.block": ONLY_MANAGER,
    "moderation.change": ONLY_MANAGER,
}  # fmt: skip
WHERE = {"case_id": 1, "post_id": 1, "answer_id": 1, "message_id": 1, "account_id": 1, "staff_id": 999,
         "act": "hamta", "channel": "practice", "rule_id": 1, "way": "av",
         "template_id": 1,
         "version_id": 1, "file_kind": "csv", "copy_id": 999, "block_id": 999,
         "view_id": 999, "bulk_id": 999}  # fmt: skip


def token(text):
    """The hidden field's value on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert found
    return found[1]


def signed_in(app, login, password=PASSWORD):
    """A client with that person signed in."""
    client = app.test_client()
    page = client.get("/logga-in").text
    form = {"csrf_token": token(page), "login": login, "password": password}
    assert client.post("/logga-in", data=form).status_code == 302
    return client


def closed_routes(app):
    """(endpoint, method, address) of every route that is not on the open list."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN:
            continue
        with app.test_request_context():
            values = {name: WHERE[name] for name in rule.arguments}
            address = app.url_for(rule.endpoint, **values)
        for method in rule.methods & {"GET", "POST"}:
            yield rule.endpoint, method, address


def test_nobody_gets_in_anywhere_without_signing_in(app):
    """Every route but the open ones sends a stranger to sign in, or says 401."""
    client = app.test_client()
    field = token(client.get("/logga-in").text)
    for endpoint, method, address in closed_routes(app):
        answer = client.open(address, method=method, data={"csrf_token": field})
        if method == "GET":
            assert (endpoint, answer.status_code) == (endpoint, 302)
            assert answer.location.startswith("/logga-in")
        else:
            assert (endpoint, answer.status_code) == (endpoint, 401)


def test_every_route_is_in_the_table(app):
    """A new route is closed until somebody writes down who may come in."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints == set(ALLOWED) | OPEN


@pytest.mark.parametrize("role", list(Role))
def test_every_role_is_kept_out_of_what_is_not_theirs(app, role):
    """Each role is refused on every route that the table does not give it, and let in on the others."""
    source = an_account(now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    put_with(the_case(), "gata-park")
    person = a_person(role, "Alva Berg", "gata-park" if role == Role.HANDLER else "", now=MONDAY)
    client = signed_in(app, person.login)
    for endpoint, method, address in sorted(
        closed_routes(app), key=lambda row: row[0] == "sign_in.leave"
    ):
        put_with(the_case(), "gata-park")  # handing it back would hide it from the next look
        field = token(client.get("/mitt-konto").text)
        answer = client.open(address, method=method, data={"csrf_token": field})
        refused = answer.status_code == 403
        # answers and messages that do not exist look just like those one may not see
        unseen = {f"answer.{act}" for act in ("undo", "release", "settle", "again", "seen")}
        unseen |= {"approve.decide", "approve.take_back", "calls.called_back"}
        unseen |= {"post.write_again", "post_approval.show", "post_approval.decide"}
        unseen |= {"register.review", *(f"moderation.{act}" for act in ("copy", "tell", "change"))}
        if role in ALLOWED[endpoint] and endpoint in unseen:
            continue
        assert (endpoint, refused) == (endpoint, role not in ALLOWED[endpoint])
        assert answer.status_code < 500
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_a_handler_sees_only_their_own_department(app):
    """Another department's case is neither listed nor opened, and looks like one that is not there."""
    source = an_account(now=MONDAY)
    take_in(source, said("Hål i gatan", at=MONDAY, by="A"), said("Råttor", at=MONDAY, by="B"))
    street, rats = cases()
    put_with(street, "gata-park")
    put_with(rats, "miljo")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    client = signed_in(app, petra.login)
    page = client.get("/arenden").text
    assert "Råttor" in page
    assert "Hål i gatan" not in page
    forbidden, missing = client.get(f"/arenden/{street.id}"), client.get("/arenden/99999")
    assert forbidden.status_code == missing.status_code == 403
    assert forbidden.data == missing.data
    field = token(client.get("/mitt-konto").text)
    for act in ("ta", "slapp", "vanta", "klar", "koppla", "inte-var", "skriv"):
        form = {"csrf_token": field, "gor": "publicera", "svar": "x", "till": "miljo"}
        assert client.post(f"/arenden/{street.id}/{act}", data=form).status_code == 403


def test_notes_of_a_restricted_department_stay_there(app):
    """Customer service reads the resident's words but not the notes of a restricted department."""
    from app.inbox.handle import write_note

    source = an_account(now=MONDAY)
    take_in(source, said("Om mamma", at=MONDAY))
    put_with(the_case(), "omsorg")
    lena = a_person("handler", "Lena Vik", "omsorg", now=MONDAY)
    anna = a_person(now=MONDAY)
    write_note(the_case().id, body="Hemlig bedömning", by=lena, now=MONDAY)
    assert "Hemlig bedömning" in signed_in(app, lena.login).get("/arenden/1").text
    page = signed_in(app, anna.login).get("/arenden/1").text
    assert "Om mamma" in page
    assert "Hemlig bedömning" not in page


def test_a_post_without_its_token_changes_nothing(app):
    """A form from elsewhere is refused."""
    source = an_account(now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    anna = a_person(now=MONDAY)
    client = signed_in(app, anna.login)
    assert client.post("/arenden/1/ta").status_code == 400
    assert client.post("/arenden/1/ta", data={"csrf_token": "annat"}).status_code == 400
    assert the_case().assignee_id is None


def test_guessing_is_stopped_also_with_the_right_password(app, at):
    """Five wrong passwords close the login for a quarter of an hour, for everybody."""
    from datetime import timedelta

    at(MONDAY)
    anna = a_person(now=MONDAY)
    client = app.test_client()
    field = token(client.get("/logga-in").text)
    wrong = {"csrf_token": field, "login": anna.login, "password": "fel lösenord här"}
    assert [client.post("/logga-in", data=wrong).status_code for _ in range(5)] == [403] * 5
    right = {**wrong, "password": PASSWORD}
    assert client.post("/logga-in", data=right).status_code == 429
    at(MONDAY + timedelta(minutes=16))
    assert client.post("/logga-in", data=right).status_code == 302


def test_signing_in_begins_a_new_session_and_signing_out_ends_it(app):
    """A cookie from before the sign-in opens nothing, and a copied one dies with the session."""
    anna = a_person(now=MONDAY)
    client = app.test_client()
    page = client.get("/logga-in").text
    before = client.get_cookie("vaxeln").value
    form = {"csrf_token": token(page), "login": anna.login, "password": PASSWORD}
    client.post("/logga-in", data=form)
    after = client.get_cookie("vaxeln").value
    thief = app.test_client()
    thief.set_cookie("vaxeln", before)
    assert thief.get("/arenden").status_code == 302
    thief.set_cookie("vaxeln", after)
    assert thief.get("/arenden").status_code == 200
    client.post("/logga-ut", data={"csrf_token": token(client.get("/mitt-konto").text)})
    assert thief.get("/arenden").status_code == 302


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example", "evil"]
)
def test_signing_in_leads_nowhere_else(app, to):
    """The address to go on to is never another site's."""
    anna = a_person(now=MONDAY)
    client = app.test_client()
    page = client.get("/logga-in").text
    form = {"csrf_token": token(page), "login": anna.login, "password": PASSWORD, "till": to}
    assert client.post("/logga-in", data=form).location == "/"


def test_what_was_typed_comes_back_when_it_cannot_be_saved(app, monkeypatch):
    """A locked database gives a plain sentence and the typed text, and no trace of the code."""
    from sqlalchemy.exc import OperationalError

    from app.answers import write

    source = an_account(now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    anna = a_person(now=MONDAY)
    client = signed_in(app, anna.login)
    field = token(client.get("/arenden/1").text)

    def locked(*_args, **_kwargs):
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(write, "press_send", locked)
    form = {"csrf_token": field, "gor": "publicera", "lagel": "svar", "svar": "Mitt långa svar"}
    answer = client.post("/arenden/1/skriv", data=form)
    assert answer.status_code == 503
    assert "Databasen är upptagen" in answer.text
    assert "Mitt långa svar" in answer.text
    assert "Traceback" not in answer.text


def test_a_far_too_large_form_is_refused_in_plain_words(app):
    """Three megabytes in a form give a page and no crash."""
    anna = a_person(now=MONDAY)
    client = signed_in(app, anna.login)
    answer = client.post("/arenden/1/skriv", data={"svar": "x" * 3_000_000})
    assert answer.status_code == 413
    assert "Texten är för stor" in answer.text


def test_what_is_not_public_of_other_cases_under_the_post_stays_there(app):
    """Of another department's case one sees under the post what any visitor sees, and no more."""
    source = an_account(now=MONDAY)
    take_in(
        source,
        said("Råttor vid dammen", at=MONDAY, by="A"),
        said("Jag har också sett dem", at=MONDAY, by="B"),
        said("Hemligt och hållet", at=MONDAY, by="C", at_source=AtSource.HELD),
        said("Borttaget ord", at=MONDAY, by="D", at_source=AtSource.REMOVED),
        said("Dolt ord", at=MONDAY, by="E", at_source=AtSource.HIDDEN),
    )
    mine, *others = cases()
    put_with(mine, "miljo")
    for other in others:
        put_with(other, "individ-familj")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    client = signed_in(app, petra.login)
    for address in (f"/arenden/{mine.id}?alla=1", f"/arenden/{mine.id}"):
        page = client.get(address).text
        assert [w for w in ("Hemligt", "Borttaget", "Dolt") if w in page] == []
    assert "Jag har också sett dem" in client.get(f"/arenden/{mine.id}?alla=1").text
    anna = a_person(now=MONDAY)
    assert "Hemligt och hållet" in signed_in(app, anna.login).get(f"/arenden/{mine.id}?alla=1").text


def test_the_earlier_text_of_others_is_not_shown(app):
    """What somebody in another department's case wrote before an edit is not told here."""
    source = an_account(now=MONDAY)
    take_in(source, said("Råttor", at=MONDAY, by="A"))
    take_in(source, said("Före", at=MONDAY, by="B", number="7"))
    take_in(source, said("Efter", at=MONDAY, by="B", number="7"))
    mine, other = cases()
    put_with(mine, "miljo")
    put_with(other, "individ-familj")
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    page = signed_in(app, petra.login).get(f"/arenden/{mine.id}?alla=1").text
    assert "Efter" in page
    assert "Före" not in page
