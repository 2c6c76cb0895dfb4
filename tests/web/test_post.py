"""All cases under one post on a page, and one answer to several, as a person sees them."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.answers.deliver import Deliverer, deliver_due
from app.channels import practice
from app.collecting.collect import Collector, collect_due
from app.collecting.connect import Options
from app.database import db, writing
from app.models import Account, Answer, Post
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in
from tests.web.test_roles import signed_in, token

MINUTE = timedelta(minutes=1)
once = pytest.mark.once
"""What the page does with what both databases are asked for elsewhere."""
ASKED = ("När öppnar badet?", "Hej, när öppnar badet i vår?", "Öppnar badet snart?", "Fin bild")


class Room:
    """The practice town's post with four comments, its clock, and who is at work."""

    def __init__(self, app, at):
        self.app, self.set, self.time = app, at, MONDAY + 60 * MINUTE
        self.options = Options(
            data_dir=app.config["DATA_DIR"], city="Staden", contact="", keys=(), speed="still"
        )
        source = an_account("practice", now=MONDAY)
        self.town = practice.PracticeTown.open(app.config["DATA_DIR"], source.account.external_id)
        for number, text in enumerate(ASKED):
            self.town.says(text, at=MONDAY + number * MINUTE, author=f"Invånare {number}")
        self.anna = a_person(now=MONDAY)
        self.at(0)
        collect_due(Collector(self.options, lambda: self.time))
        self.client = signed_in(app, self.anna.login)
        self.url = f"/inlagg/{db.session.scalars(select(Post.id)).one()}"

    def at(self, minutes):
        self.time += minutes * MINUTE
        self.set(self.time)

    def deliver(self):
        return deliver_due(Deliverer(self.options, lambda: self.time))

    def form(self, chosen, body, act="publicera", **more):
        seen = [f"{case.id}:{case.version}" for case in chosen]
        field = token(self.client.get("/mitt-konto").text)
        shown = [case.id for case in cases()]
        return {
            "csrf_token": field, "arende": seen, "visad": shown, "svar": body, "gor": act, **more
        }  # fmt: skip

    def press(self, chosen, body="Badet öppnar i april.", **more):
        return self.client.post(f"{self.url}/svara", data=self.form(chosen, body, **more))


def answers():
    """Every answer and draft, as they stand."""
    db.session.commit()
    return list(db.session.scalars(select(Answer).execution_options(populate_existing=True)))


@pytest.fixture
def room(app, at):
    return Room(app, at)


def test_a_handler_sees_of_a_post_only_their_own(app, at):
    """Another department's words, names and numbers are nowhere on the page; without own ones 403."""
    at(MONDAY + 60 * MINUTE)
    source = an_account(now=MONDAY)
    for who, text in (("Ada", "Råttor på torget"), ("Bo", "Hål i gatan"), ("Cia", "Hål i vägen")):
        take_in(source, said(text, at=MONDAY, by=who))
    put_with(cases()[0], "miljo")
    for case in cases()[1:]:
        put_with(case, "gata-park")
    petra = signed_in(app, a_person("handler", "Petra Lund", "miljo", now=MONDAY).login)
    lena = signed_in(app, a_person("handler", "Lena Vik", "omsorg", now=MONDAY).login)
    page = petra.get("/inlagg/1").text
    assert "Råttor" in page
    assert "Hål i" not in page
    assert "Bo" not in re.findall(r"<b>(\w+)</b>", page)
    assert "ärenden under inlägget" not in petra.get(f"/arenden/{cases()[0].id}").text
    assert lena.get("/inlagg/1").status_code == lena.get("/inlagg/99").status_code == 403
    assert petra.get("/inlagg/1/svara?arende=2&arende=3").location.endswith("/inlagg/1")
    assert "Hål i" not in petra.get("/inlagg/1/svara?arende=1&arende=2").text


@once
def test_who_only_reads_chooses_nothing(app, at):
    """The administrator sees the page without a box to tick or a way to answer."""
    at(MONDAY)
    take_in(an_account(now=MONDAY), said("Hej", at=MONDAY))
    page = (
        signed_in(app, a_person("administrator", "Ada Min", now=MONDAY).login).get("/inlagg/1").text
    )
    assert 'name="arende"' not in page
    assert "Svara de valda" not in page


@once
def test_what_cannot_be_answered_is_said_before_anybody_writes(room):
    """Where the post is not the city's own the page says so, and there is nothing to tick or press."""
    with writing():
        db.session.scalars(select(Post)).one().by_city = False
    page = room.client.get(room.url).text
    assert "Inlägget är inte stadens eget" in page
    assert 'name="arende"' not in page
    page = room.client.get(f"{room.url}/svara?arende={cases()[0].id}").text
    assert 'value="publicera"' not in page


def test_the_page_shows_the_group_the_chart_and_its_numbers(room):
    """Who asks the same stands together with a link that chooses all; a case's page leads here."""
    page = room.client.get(room.url).text
    assert "3 frågar om samma sak:" in page
    link = re.search(r'href="([^"]+/svara\?[^"]+)"', page)[1].replace("&amp;", "&")
    assert link.count("arende=") == 3
    written = room.client.get(link).text
    assert written.count(" checked") == 3
    assert "direkt under inlägget" in written
    assert "23 nov kl. 10–11" in page
    assert page.count("<rect") >= 1
    case = room.client.get(f"/arenden/{cases()[0].id}").text
    assert "4 ärenden under inlägget" in case
    assert f'href="{room.url}"' in case
    for other in ("avdelning", "slag"):
        assert room.client.get(f"{room.url}?gruppera={other}").text.count('class="pcase"') == 4


@once
def test_the_answer_is_shown_as_it_will_be_and_nothing_leaves(room):
    """Looking at the answer sends nothing, and shows its text with the name under it."""
    chosen = cases()[:3]
    page = room.press(chosen, "I april & maj <b>", act="granska").text
    assert "I april &amp; maj &lt;b&gt;\n\n/Anna, kundtjänst" in page
    assert "svar på 3 ärenden" in page
    look = room.client.post(
        f"{room.url}/svara", data=room.form(chosen, "Vi ringer dig på 070-174 06 05", act="granska"),
        headers={"HX-Request": "true"},
    ).text  # fmt: skip
    assert "<html" not in look
    assert "privatpersons" in look
    assert {answer.state for answer in answers()} == {"draft"}


def test_one_press_answers_those_chosen_and_each_case_shows_it(room):
    """The answer stands in every answered case's conversation with how many more it answers."""
    answered = cases()[:3]
    assert room.press(answered, act="publicera-klar").status_code == 302
    assert "Svar direkt under inlägget" in room.client.get(room.url).text
    on_its_way = room.client.get(f"/arenden/{answered[2].id}").text
    assert "på det här och 2 andra ärenden" in on_its_way
    assert "/igen" not in on_its_way  # taken back where it was pressed
    assert "/igen" in room.client.get(f"/arenden/{answered[0].id}").text
    room.deliver()
    for case in cases()[:3]:
        page = room.client.get(f"/arenden/{case.id}").text
        assert page.count("Besvarad tillsammans med 2 andra, av Anna Holm") == 1
        assert page.count("Badet öppnar i april.") == 1
    assert "tillsammans" not in room.client.get(f"/arenden/{cases()[3].id}").text
    assert [case.state for case in cases()] == ["closed"] * 3 + ["new"]


@once
def test_how_many_it_answers_counts_only_what_one_may_see(room):
    """A handler with one of the answered cases reads that it was answered, not together with whom."""
    put_with(cases()[1], "miljo")
    room.press(cases()[:3])
    room.deliver()
    petra = signed_in(room.app, a_person("handler", "Petra Lund", "miljo", now=MONDAY).login)
    page = petra.get(f"/arenden/{cases()[1].id}").text
    assert "Besvarad direkt under inlägget, av Anna Holm" in page
    assert "Badet öppnar i april." in page
    assert "tillsammans" not in page


@once
def test_something_new_stops_the_press_and_keeps_the_text(room):
    """The one that has new words is named, shown with them and no longer chosen; the rest still is."""
    chosen = cases()[:3]
    form = room.form(chosen, "Badet öppnar i april.")
    room.town.says("Kostar det något?", at=room.time, author="Invånare 1")
    room.at(60)
    collect_due(Collector(room.options, lambda: room.time))
    answer = room.client.post(f"{room.url}/svara", data=form)
    assert answer.status_code == 409
    assert "Inget har skickats till någon" in answer.text
    assert "Kostar det något?" in answer.text
    assert ">Badet öppnar i april.</textarea>" in answer.text
    assert answer.text.count(" checked") == 2
    assert answer.text.count("läs och välj igen") == 1
    assert [(one.state, one.body) for one in answers()] == [("draft", "Badet öppnar i april.")]


@once
def test_a_press_that_cannot_be_sent_says_why(room):
    """Nothing chosen, nothing written, too much, or an identity number without a reason: it stays."""
    for chosen, body in ((0, "Hej."), (2, "  "), (2, "x" * 9000)):
        answer = room.press(cases()[:chosen], body)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert answer.text.count('name="arende"') == 4
    stopped = room.press(cases()[:2], "Vi har noterat 19811218-9876.")
    assert 'name="skal"' in stopped.text
    assert {answer.state for answer in answers()} == {"draft"}
    body = "Vi har noterat 19811218-9876."
    assert room.press(cases()[:2], body, skal="invented").status_code == 302


@once
def test_taken_back_it_is_written_on_with_the_same_cases(room):
    """After an undo the page has the text and the cases again, and pressed anew it goes once."""
    with writing():
        db.session.merge(room.anna).undo_seconds = "60"
    room.press(cases()[:3])
    answer = answers()[0]
    field = token(room.client.get("/mitt-konto").text)
    back = room.client.post(f"/inlagg/svar/{answer.id}/igen", data={"csrf_token": field})
    page = room.client.get(back.location).text
    assert page.count(" checked") == 3
    assert ">Badet öppnar i april.</textarea>" in page
    room.press(cases()[:3], "Badet öppnar i maj.")
    room.at(2)
    room.deliver()
    assert [text.split("\n")[0] for _key, text in room.town.sent()] == ["Badet öppnar i maj."]
    assert "Utkast" not in room.client.get("/arenden").text


@once
def test_somebody_elses_answer_is_not_taken_back_unseen(room):
    """A handler who sees none of its cases cannot take an answer to several back; nor one that is not."""
    room.press(cases()[:3])
    answer = answers()[0]
    petra = signed_in(room.app, a_person("handler", "Petra Lund", "miljo", now=MONDAY).login)
    field = token(petra.get("/mitt-konto").text)
    for number in (answer.id, 999):
        form = {"csrf_token": field}
        assert petra.post(f"/inlagg/svar/{number}/igen", data=form).status_code == 403


@once
def test_what_is_typed_is_kept_and_the_page_opens_with_it(room):
    """Saved as one types: said with its hour, opened again with its cases, new words marked."""
    kept = room.client.post(
        f"{room.url}/svara", data=room.form(cases()[:3], "Vi ringer 070-174 06 05", act="utkast"),
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert "Utkast sparat 11.00" in kept.text
    assert "privatpersons" in kept.text
    assert "svar på 3 ärenden" in kept.text
    assert "X-Unsaved" not in kept.headers
    assert "Du har ett utkast till flera här." in room.client.get(room.url).text
    room.town.says("Kostar det något?", at=room.time, author="Invånare 1")
    room.at(60)
    collect_due(Collector(room.options, lambda: room.time))
    page = room.client.get(f"{room.url}/svara").text
    assert ">Vi ringer 070-174 06 05</textarea>" in page
    assert (page.count(" checked"), page.count("läs och välj igen")) == (2, 1)
    fewer = room.client.get(f"{room.url}/svara?arende={cases()[3].id}").text
    assert (fewer.count(" checked"), fewer.count("Vi ringer")) == (1, 2)
    without = room.client.post(f"{room.url}/svara", data=room.form([], "Mer", act="utkast"))
    assert "Utkastet är sparat." in without.text
    assert "Utkast" not in room.client.get("/arenden").text


@once
def test_a_text_to_nobody_says_that_it_is_not_kept(room):
    """With no case chosen the first text is not kept: the page says so, and the browser keeps it."""
    form = room.form([], "Till ingen", act="utkast")
    said = room.client.post(f"{room.url}/svara", data=form, headers={"HX-Request": "true"})
    assert "Välj minst ett ärende, så sparas texten." in said.text
    assert said.headers["X-Unsaved"] == "1"
    assert answers() == []


def test_a_second_person_publishes_what_is_put_forward_to_several(room):
    """Put forward, it is listed with how many it answers, looked at with them, and then published."""
    with writing():
        db.session.scalars(select(Account)).one().four_eyes = True
    page = room.client.get(f"{room.url}/svara?arende={cases()[0].id}").text
    assert 'value="publicera"' not in page
    assert "Skicka för godkännande" in page
    room.press(cases()[:3], act="godkannande")
    assert "väntar på en kollegas godkännande" in room.client.get(room.url).text
    own = room.client.get(f"{room.url}/svara").text
    assert "readonly" in own
    assert "Ta tillbaka" in own
    assert "Ditt svar till flera väntar" in room.client.get(f"/arenden/{cases()[2].id}").text
    number = answers()[0].id
    assert room.client.get(f"/inlagg/svar/{number}/granska").status_code == 403

    bo = signed_in(room.app, a_person(name="Bo Ek", now=MONDAY).login)
    assert "Ett svar till 3 invånare" in bo.get("/svar/att-godkanna").text
    assert "godkänna ett svar till 3 invånare" in bo.get(f"/arenden/{cases()[1].id}").text
    page = bo.get(f"/inlagg/svar/{number}/granska").text
    assert "Anna Holm ber dig godkänna svaret." in page
    assert page.count(" checked") == 3
    form = room.form(cases()[:3], "Badet öppnar i maj.", act="skicka-tillbaka")
    form["csrf_token"] = token(bo.get("/mitt-konto").text)
    assert bo.post(f"/inlagg/svar/{number}/granska", data=form).status_code == 422
    form["gor"] = "spara"
    kept = bo.post(f"/inlagg/svar/{number}/granska", data=form, headers={"HX-Request": "true"})
    assert "Utkast sparat" in kept.text
    form["gor"] = "godkann-klar"
    done = bo.post(f"/inlagg/svar/{number}/granska", data=form, follow_redirects=True)
    assert "Svaret går till 3 ärenden." in done.text
    room.deliver()
    page = room.client.get(f"/arenden/{cases()[2].id}").text
    assert "Skrivet av Anna Holm, godkänt av Bo Ek." in page
    assert [case.state for case in cases()] == ["closed"] * 3 + ["new"]
    assert "väntar inte längre" in bo.get("/inlagg/svar/1/granska", follow_redirects=True).text


@once
def test_sent_back_it_says_why_and_where(room):
    """The author finds it among what has come back, with the way to the note that says why."""
    with writing():
        db.session.scalars(select(Account)).one().four_eyes = True
    room.press(cases()[:3], act="godkannande")
    bo = signed_in(room.app, a_person(name="Bo Ek", now=MONDAY).login)
    form = room.form(cases()[:3], "Badet öppnar i maj.", act="skicka-tillbaka", besked="Det är maj")
    form["csrf_token"] = token(bo.get("/mitt-konto").text)
    bo.post(f"/inlagg/svar/{answers()[0].id}/granska", data=form)
    assert f'href="{room.url}/svara"' in room.client.get("/svar").text
    page = room.client.get(f"{room.url}/svara").text
    assert "Svaret har kommit tillbaka till dig." in page
    assert ">Badet öppnar i maj.</textarea>" in page
