"""The pages of routing and what the inbox tells of it: denied first, then what each shows and does."""

import re
from datetime import timedelta

import pytest

from app.database import db, writing
from app.models import Case, Correction, Event, Rule, Suggestion, Training
from app.models.staff import Role
from app.routing.kept_model import before_path, take_into_use, taught_path
from app.routing.route import route_waiting
from app.routing.rules import add_rule
from app.routing.transfer import hand_back, reroute
from app.web import words
from app.web.routing import FIELDS
from app.web.sureness import language_name, marked, offers, sureness_of
from classifiers.suggest import load
from classifiers.train import save, train
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in, the_case
from tests.routing.conftest import small_examples
from tests.web.test_roles import ONLY_ADMIN, SEE_ROUTING, signed_in, token

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def model():
    """A small real model."""
    return train(small_examples(), version="liten")


@pytest.fixture(scope="module")
def router(model, tmp_path_factory):
    """The same, from its file."""
    path = tmp_path_factory.mktemp("model") / "liten.skops"
    save(model, path)
    return load(path)


def post(client, address, **form):
    """A form with its token, posted."""
    field = token(client.get("/mitt-konto").text)
    return client.post(address, data={"csrf_token": field, **form})


def client_of(app, role, department=""):
    """Somebody of that role, signed in."""
    return signed_in(app, a_person(role, "Alva Berg", department, now=MONDAY).login)


def a_rule(**given):
    """A rule by an administrator, what is not said left out."""
    wanted = {"account_id": None, "words": "", "department": "", "urgent": False, **given}
    return add_rule(**wanted, by=a_person("administrator", now=MONDAY), now=MONDAY)


def advised(case_id, department, certainty=0.9, **more):
    """A case as the model (or a rule) has put it; `more` are the suggestion's and case's facts."""
    if certainty >= 0.5:
        put_with(db.session.get_one(Case, case_id), department)
    with writing():
        case = db.session.get_one(Case, case_id)
        case.routed_by, case.certainty, case.route_wanted = "model", certainty, False
        for name in {"also", "urgent", "urgent_why", "language"} & more.keys():
            setattr(case, name, more.pop(name))
        facts = {"next": [["utbildning", 0.06], ["ingen", 0.02]], "words": [], **more}
        db.session.add(
            Suggestion(
                case_id=case_id, department=department, certainty=certainty,
                model_version="x", at=MONDAY, **facts,
            )
        )  # fmt: skip
    return db.session.get_one(Case, case_id)


def text_of(page):
    """A page's words without its tags, each space single and plain."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub("</?bdi>", "", page)).split())


@pytest.mark.once
@pytest.mark.parametrize("role", sorted(set(Role) - SEE_ROUTING))
def test_who_may_not_see_routing_is_not_shown_the_way(app, role):
    """Neither page answers them, and no link leads there."""
    client = client_of(app, role, "miljo" if role == Role.HANDLER else "")
    assert client.get("/koppling").status_code == client.get("/koppling/regler").status_code == 403
    assert "/koppling" not in re.findall(r'href="([^"?]*)', client.get("/arenden").text)


@pytest.mark.once
@pytest.mark.parametrize("role", sorted(set(Role) - ONLY_ADMIN))
def test_only_administrators_change_anything(app, role):
    """For everybody else each change is refused, leaves all as it was, and has no button."""
    rule = a_rule(words="halka", department="gata-park")
    taught_path(app.config).parent.mkdir(parents=True)
    before_path(app.config).write_bytes(b"x")
    client = client_of(app, role, "miljo" if role == Role.HANDLER else "")
    form = {"ord": "is*", "avdelning": "miljo"}
    for address in ("regler", f"regler/{rule.id}/av", "tillbaka"):
        assert post(client, f"/koppling/{address}", **form).status_code == 403
    db.session.commit()
    assert [(row.words, row.active) for row in db.session.query(Rule)] == [("halka", True)]
    assert not taught_path(app.config).exists()
    if role in SEE_ROUTING:
        forms = [
            re.findall(r'<form[^>]* method="post" action="([^"]*)"', client.get(address).text)
            for address in ("/koppling", "/koppling/regler")
        ]
        assert forms == [["/logga-ut"], ["/logga-ut"]]


def test_a_departments_manager_reads_only_their_own_messages(app):
    """The numbers are the whole city's; of others' messages it is said how many are not shown."""
    source, anna = an_account(now=MONDAY), a_person(now=MONDAY)
    texts = {"Råttor i parken": "miljo", "Hemligt om lillasyster": "individ-familj"}
    take_in(source, *(said(text, at=MONDAY, by=text) for text in texts))
    for case in cases():
        advised(case.id, "gata-park")
        reroute(case.id, to=texts[case.person_name], by=anna, now=MONDAY)
    page = client_of(app, "manager", "miljo").get("/koppling?veckor=26").text
    assert "Råttor i parken" in page
    assert "Hemligt" not in page
    assert "1 visas inte för dig" in text_of(page)
    whole_city = client_of(app, "manager").get("/koppling?veckor=26").text
    assert "Hemligt om lillasyster" in whole_city
    assert "visas inte för dig" not in whole_city


def test_changed_answers_are_shown_only_to_those_who_may_see_them(app):
    """Of the recent cases that a training changed, others' messages are counted and not shown."""
    source = an_account(now=MONDAY)
    take_in(source, said("Råttor", at=MONDAY, by="A"), said("Hemligt", at=MONDAY, by="B"))
    rats, secret = cases()
    put_with(rats, "miljo")
    put_with(secret, "individ-familj")
    a_training(changed=[[one.id, "gata-park", "miljo", "miljo"] for one in (rats, secret)])
    page = client_of(app, "manager", "miljo").get("/koppling").text
    assert "Råttor" in page
    assert "Hemligt" not in page
    assert "1 till visas inte här" in text_of(page)


def a_training(reason="", **more):
    """A training with its figures."""
    figures = {
        "dev": [0.712, 0.734], "three": [0.9, 0.921], "calibration": [0.031, 0.024],
        "dev_count": 1040, "recent": [31, 33], "recent_count": 40,
        "departments": {"miljo": [0.7, 0.8]}, "changed": [], **more,
    }  # fmt: skip
    with writing():
        db.session.add(
            Training(
                at=MONDAY, version="9f86+12", replaced="x", examples=12480, corrections=160,
                accepted=not reason, reason=reason, figures=figures,
            )
        )  # fmt: skip


@pytest.mark.once
def test_no_cases_and_no_training_are_told_in_words(app):
    """A new installation's page says that there is nothing to count yet, and no figure."""
    page = text_of(client_of(app, "manager").get("/koppling?veckor=abc").text)
    assert "Inget att räkna än" in page
    assert "Modellen har inte tränats på stadens rättelser än." in page
    assert "%" not in page


@pytest.mark.once
@pytest.mark.parametrize("count", [9, 10])
def test_a_share_of_fewer_than_ten_is_not_told(app, at, count):
    """Nine cases are too few for a share, also in the charts; ten are enough."""
    at(MONDAY)
    source, anna = an_account(now=MONDAY), a_person(now=MONDAY)
    take_in(source, *(said("Råttor", at=MONDAY, by=f"P{n}") for n in range(count)))
    for case in cases():
        advised(case.id, "miljo")
        reroute(case.id, to="miljo", by=anna, now=MONDAY)
    page = client_of(app, "manager").get("/koppling").text
    weeks, certainty = re.findall(r'<svg class="chart[ "].*?</svg>', page, re.S)
    told = count >= 10
    assert ("100 % 10 av 10" in text_of(page)) == told
    assert ("För få för att räkna 9 ärenden" in text_of(page)) != told
    assert [("rätt direkt 100" in weeks), ("<circle" in weeks)] == [told, told]
    assert [("hade den rätt" in certainty), ("<circle" in certainty)] == [told, told]


@pytest.mark.once
@pytest.mark.parametrize("reason", ["", *words.TRAINING_REASONS])
def test_what_the_last_training_gave_is_told(app, reason):
    """Before and after on examination and corrections, taken or not, and why in words."""
    a_training(reason)
    page = text_of(client_of(app, "manager").get("/koppling").text)
    assert "71,2 % 73,4 %" in page
    assert "Rätt på de 40 senaste rättelserna 31 33" in page
    assert ("Togs inte i bruk" in page) == bool(reason)
    if reason:
        assert str(words.TRAINING_REASONS[reason]) in page


@pytest.mark.once
def test_the_model_before_is_taken_back(app, model):
    """The administrator's button changes the two models; without one before it says so plainly."""
    client = client_of(app, "administrator")
    assert "Ta tillbaka förra modellen" not in client.get("/koppling").text
    post(client, "/koppling/tillbaka")
    assert "Det finns ingen tidigare modell" in client.get("/koppling").text
    take_into_use(app.config, {**model, "version": "förra"})
    take_into_use(app.config, {**model, "version": "nya"})
    assert "Ta tillbaka förra modellen" in client.get("/koppling").text
    post(client, "/koppling/tillbaka")
    assert load(taught_path(app.config)).version == "förra"
    page = text_of(client.get("/koppling").text)
    assert "Modellen förra används igen." in page
    assert "I bruk: modell förra" in page
    event = db.session.query(Event).filter_by(name="model_put_back").one()
    assert event.staff_id is not None


@pytest.mark.once
def test_a_model_file_that_is_broken_is_told_and_not_taken(app, model):
    """A model before that cannot be read leaves the one in use, and the page says both."""
    take_into_use(app.config, {**model, "version": "nya"})
    before_path(app.config).write_bytes(b"no model")
    client = client_of(app, "administrator")
    post(client, "/koppling/tillbaka")
    assert "Den som används nu är kvar." in client.get("/koppling").text
    assert load(taught_path(app.config)).version == "nya"


def test_a_rule_written_on_the_page_routes_the_next_message(app, router):
    """Words typed there put the next message with their department, and it is counted as a hit."""
    source = an_account(now=MONDAY)
    client = client_of(app, "administrator")
    form = {"konto": str(source.account_id), "ord": "soptunna*", "avdelning": "gata-park"}
    assert post(client, "/koppling/regler", **form, bradskar="ja").status_code == 302
    take_in(source, said("Soptunnan är inte tömd", at=MONDAY))
    route_waiting(lambda: router, threshold=0.5, now=MONDAY)
    case = the_case()
    assert (case.department.slug, case.urgent, case.urgent_why) == ("gata-park", True, "Soptunnan")
    sentence = (
        "Kommentarer till kontot Stadsbloggen som innehåller soptunna* → leder till:"
        " Gata & park , brådskande"
    )
    page = text_of(client.get("/koppling/regler").text.replace("&amp;", "&"))
    assert sentence in page
    assert re.search(r"\d{4} 1 0 På Stäng av", page)
    reroute(case.id, to="vatten-avfall", by=a_person(now=MONDAY), now=MONDAY)
    assert re.search(r"\d{4} 1 1 På", text_of(client.get("/koppling/regler").text))


@pytest.mark.once
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"avdelning": "miljo"}, "ord"),
        ({"ord": "halka"}, "avdelning"),
        ({"ord": "halka", "avdelning": "månen"}, "avdelning"),
        ({"ord": "halka", "avdelning": "miljo", "konto": "4711"}, "konto"),
        ({"ord": "halka", "avdelning": "miljo", "konto": "x"}, "konto"),
        ({"ord": "halka " * 100, "avdelning": "miljo"}, "ord"),
        ({"ord": "\x00", "bradskar": "ja"}, "ord"),
    ],
)
def test_a_rule_that_says_too_little_is_told_at_its_field(app, given, field):
    """What is missing stands at the field and above the form, and nothing typed is lost."""
    client = client_of(app, "administrator")
    answer = post(client, "/koppling/regler", **given)
    assert answer.status_code == 400
    assert db.session.query(Rule).count() == 0
    shown = re.search(rf'<(?:input|select)[^>]* id="{field}"[^>]*>', answer.text)[0]
    assert 'aria-invalid="true"' in shown
    assert f"e_{field}" in shown
    assert f'<a href="#{field}">' in answer.text
    assert answer.text.count("<title>Fel:") == 1
    assert f'value="{given.get("ord", "")}"' in answer.text
    if given.get("avdelning") == "miljo":
        assert re.search(r'value="miljo" selected', answer.text)
    assert ("checked" in answer.text) == ("bradskar" in given)


@pytest.mark.once
def test_too_many_rules_are_told_above_the_form(app, monkeypatch):
    """When as many apply as may, the page says what to do instead."""
    monkeypatch.setattr("app.routing.rules.MOST_RULES", 1)
    a_rule(words="halka", department="miljo")
    answer = post(client_of(app, "administrator"), "/koppling/regler", ord="is", avdelning="miljo")
    assert answer.status_code == 400
    assert "Stäng av någon först" in answer.text
    assert FIELDS["many"] == ""


def test_a_rule_is_switched_off_and_on(app, router):
    """Switched off it no longer decides, keeps its place on the page, and can be switched on."""
    rule = a_rule(words="soptunnan", department="utbildning")
    client, source = client_of(app, "administrator"), an_account(now=MONDAY)
    for way, decided in (("av", False), ("pa", True)):
        assert post(client, f"/koppling/regler/{rule.id}/{way}").status_code == 302
        take_in(source, said("Soptunnan är inte tömd", at=MONDAY, by=way))
        route_waiting(lambda: router, threshold=0.5, now=MONDAY)
        assert (cases()[-1].department.slug == "utbildning") == decided
        page = text_of(client.get("/koppling/regler").text)
        assert ("På Stäng av" if decided else "Av Sätt på") in page
    assert post(client, "/koppling/regler/999/av").status_code == 302
    assert post(client, f"/koppling/regler/{rule.id}/bort").status_code == 404


def test_customer_service_begins_with_the_unsure(app):
    """The root leads them to Osäkra while there are any, else to all; others always to all."""
    take_in(an_account(now=MONDAY), said("Hej", at=MONDAY))
    service, manager = client_of(app, "customer_service"), client_of(app, "manager")
    assert service.get("/").location == "/arenden?vy=osakra"
    assert manager.get("/").location == "/arenden"
    views = re.findall(r'nav__a" href="/arenden\?vy=(\w+)', service.get("/arenden").text)
    assert (views[0], sorted(views)) == ("osakra", sorted(words.VIEWS))
    assert re.findall(r'href="/arenden\?vy=(\w+)', manager.get("/arenden").text)[0] == "mina"
    advised(the_case().id, "miljo")
    assert service.get("/").location == "/arenden"


@pytest.mark.once
@pytest.mark.parametrize(
    ("certainty", "beside", "told", "shape"),
    [
        (0.8, "säker 80 %", "Säker, 80 %", "solid"),
        (0.799, "trolig 79 %", "Trolig, 79 %", "dashed"),
        (0.5, "trolig 50 %", "Trolig, 50 %", "dashed"),
        (0.3, "30 %", "Osäker, 30 %", "dotted"),
    ],
)
def test_certainty_is_a_word_a_number_and_a_shape(app, certainty, beside, told, shape):
    """Säker from 80 %, trolig from 50, osäker below: in the row and in the case."""
    take_in(an_account(now=MONDAY), said("Råttor", at=MONDAY))
    case = advised(the_case().id, "miljo", certainty)
    found = sureness_of(case)
    assert (text_of(found.beside), text_of(found.told), found.shape) == (beside, told, shape)
    client = client_of(app, "customer_service")
    page = text_of(client.get(f"/arenden/{case.id}").text)
    assert f"{'Miljö' if certainty >= 0.5 else 'Osäker'} {beside}" in page
    assert told in page


@pytest.mark.once
def test_moved_and_handed_back_have_words_of_their_own(app):
    """A person's choice has no number; handed back, a case is unsure and says why."""
    take_in(an_account(now=MONDAY), said("Råttor", at=MONDAY))
    case, anna = advised(the_case().id, "gata-park"), a_person(now=MONDAY)
    reroute(case.id, to="miljo", by=anna, now=MONDAY)
    assert (sureness_of(the_case()).shape, sureness_of(the_case()).told) == ("moved", "Flyttad")
    hand_back(case.id, by=anna, now=MONDAY)
    client = signed_in(app, anna.login)
    assert "Osäker lämnad tillbaka" in text_of(client.get("/arenden").text)
    assert "Inte vår" not in text_of(client.get(f"/arenden/{case.id}").text)


def test_a_rule_says_so_instead_of_a_per_cent(app):
    """In the row, the case and the ledger's line a rule is named with its words, and no 100 %."""
    rule = a_rule(words="halka, is*", department="gata-park")
    take_in(an_account(now=MONDAY), said("Det är halka här", at=MONDAY))
    case = advised(the_case().id, "gata-park", 1.0, rule_id=rule.id, words=["halka"])
    page = client_of(app, "customer_service").get(f"/arenden/{case.id}").text
    told = text_of(page.replace("&amp;", "&"))
    assert "Gata & park regel: halka, is*" in told
    assert "Regel: halka, is*" in told
    assert "En regel har kopplat. Kommentarer som innehåller halka, is*" in told
    assert "<mark>halka</mark>" in page
    assert "100 %" not in told


@pytest.mark.once
def test_language_second_department_and_urgency_are_told(app):
    """The row and the case name what the matter also touches, its language, and why it hurries."""
    take_in(an_account(now=MONDAY), said("مرحبا، رائحة غاز", at=MONDAY))
    facts = {"also": "miljo", "language": "ar", "urgent": True, "urgent_why": "luktar gas"}
    case = advised(the_case().id, "gata-park", **facts)
    client = client_of(app, "customer_service")
    for address in ("/arenden", f"/arenden/{case.id}"):
        page = client.get(address).text
        told = text_of(page.replace("&amp;", "&"))
        assert "rör också Miljö" in told
        assert "arabiska" in told
        assert "Brådskar: ”luktar gas”" in told
        assert re.search(r'dir="auto" lang="ar">مرحبا', page)
    assert 'class="msg__txt pre" dir="auto" lang="ar"' in page
    assert "Rör också Miljö" in told
    reroute(case.id, to="miljo", by=a_person(now=MONDAY), now=MONDAY)
    assert "rör också" not in text_of(client.get("/arenden").text)


@pytest.mark.once
@pytest.mark.parametrize(
    ("code", "in_swedish", "in_english"),
    [("", "", ""), ("sv", "", ""), ("bs", "bosniska", "Bosnian"), ("xx", "xx", "xx")],
)
def test_a_language_is_named_in_the_readers_own(app, code, in_swedish, in_english):
    """Arabic is arabiska to one and Arabic to another; Swedish is not worth a word."""
    from flask_babel import force_locale

    with app.test_request_context():
        assert language_name(code) == in_swedish
        with force_locale("en"):
            assert language_name(code) == in_english


@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        ("Halka på gatan", ["halka"], "<mark>Halka</mark> på gatan"),
        ("Gatan, gatans", ["gatan"], "<mark>Gatan</mark>, gatans"),
        (
            "it's 39 & <b>",
            ["39", "b", "amp"],
            "it&#39;s <mark>39</mark> &amp; &lt;<mark>b</mark>&gt;",
        ),
        ("مرحباً، متى", ["مرحبا"], "<mark>مرحباً</mark>، متى"),
        ("पानी नहीं", ["पानी"], "<mark>पानी</mark> नहीं"),
        ("पानी नहीं", ["प", "न"], "पानी नहीं"),
        ("Проблема с водой", ["водой"], "Проблема с <mark>водой</mark>"),
        ("路灯 坏了", ["路灯"], "<mark>路灯</mark> 坏了"),
        ("p-plats och plats", ["p-plats"], "<mark>p-plats</mark> och plats"),
        ("luktar gas här", ["gas", "luktar gas"], "<mark>luktar gas</mark> här"),
        ("inget", [" ", ""], "inget"),
    ],
)
def test_deciding_words_are_marked_in_any_script(text, marks, shown):
    """Whole words only, with the signs that belong to their letters, and nothing unescaped."""
    assert str(marked(text, marks)) == shown


@pytest.mark.once
def test_the_next_best_come_first(app):
    """Where the system's choice stands, keys 1 and 2 are the next best, and 3 keeps it there."""
    take_in(an_account(now=MONDAY), said("Råttor", at=MONDAY))
    case = advised(the_case().id, "miljo", 0.9)
    client = client_of(app, "customer_service")

    def keys():
        page = client.get(f"/arenden/{case.id}").text
        return re.findall(r'value="([\w-]+)" aria-keyshortcuts="(\d)"', page)

    assert keys() == [("utbildning", "1"), ("ingen", "2"), ("miljo", "3")]
    post(client, f"/arenden/{case.id}/koppla", till="miljo")
    assert the_case().routed_by == "person"
    post(client, f"/arenden/{case.id}/koppla", till="gata-park")
    assert keys() == [("miljo", "1"), ("utbildning", "2"), ("ingen", "3")]
    db.session.commit()
    assert [row.to_department for row in db.session.query(Correction)] == ["gata-park"]
    suggestion = db.session.query(Suggestion).one()
    assert [one.slug for one in offers(the_case(), suggestion, ["utbildning"])] == [
        "utbildning",
        "ingen",
    ]
