"""Merging and splitting in the pages, without a script: denied first, then the whole way and back."""

from datetime import timedelta

import pytest

from app.channels.base import PostSeen
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, messages, put_with, said, take_in
from tests.web.test_roles import signed_in, token

pytestmark = pytest.mark.once

MINUTE = timedelta(minutes=1)
OTHER = PostSeen("p2", "Sopor", "Nya tider för sopbilen.", "https://x.se/p2")


@pytest.fixture
def town(app, at):
    """Ali under one post, Bea under another, Cia under Ali's: the clock stands at 10.30."""
    at(MONDAY + 30 * MINUTE)
    source = an_account(now=MONDAY)
    take_in(
        source,
        said("Kommer plogen?", at=MONDAY, by="Ali"),
        said("Och saltet?", at=MONDAY + 5 * MINUTE, by="Ali"),
        said("Och sopbilen?", at=MONDAY + 10 * MINUTE, by="Bea", under=OTHER),
        said("Jag undrar med", at=MONDAY + 20 * MINUTE, by="Cia"),
    )
    return source


def sign_in(app, role="customer_service", name="Anna Holm", department=""):
    return signed_in(app, a_person(role, name, department, now=MONDAY).login)


def post(client, address, follow=True, **form):
    form["csrf_token"] = token(client.get("/mitt-konto").text)
    return client.post(address, data=form, follow_redirects=follow)


def versions(one, other):
    here = {case.id: case.version for case in cases()}
    return {"med": other, "version": here[one], "version_med": here[other]}


def test_a_handler_gets_no_further_than_their_own_cases(app, town):
    """Every act is refused on a case of another department, and such a case looks like none."""
    put_with(cases()[0], "miljo")
    put_with(cases()[1], "gata-park")
    petra = sign_in(app, "handler", "Petra Lund", "miljo")
    for act in ("sla-ihop", "dela"):
        assert petra.get(f"/arenden/2/{act}").status_code == 403
    for act in ("sla-ihop", "dela", "sta-sjalv", "lagg-tillbaka"):
        assert post(petra, f"/arenden/2/{act}", med=1, ord=3).status_code == 403
    assert post(petra, "/arenden/1/sla-ihop", **versions(1, 2)).status_code == 403
    hidden, missing = (petra.get(f"/arenden/1/sla-ihop?nr={n}") for n in (2, 99999))
    for page in (hidden, missing):
        assert page.status_code == 400
        assert "Det finns inget ärende med det numret" in page.text
        assert "Bea" not in page.text
        assert "sopbilen" not in page.text
    assert {case.merged_into_id for case in cases()} == {None}


def test_a_case_is_merged_and_parted_again(app, town):
    """Chosen by number, read what will happen, done; told on both pages, and undone with one press."""
    anna = sign_in(app)
    assert "Andra under samma inlägg" in anna.get("/arenden/1/sla-ihop").text
    page = anna.get("/arenden/2/sla-ihop?nr=LA-2026-1").text
    for line in (
        "LA-2026-2 försvinner ur listorna. Orden syns i LA-2026-1.",
        "Väntetiden, som började i dag 10.10, går vidare tills en människa svarar.",
        "blir LA-2026-2 klart som dubblett i samma stund.",
        "Bea ser det inte där",
    ):
        assert line in page
    page = post(anna, "/arenden/2/sla-ihop", **versions(2, 1)).text
    assert "Ärendena följs åt." in page
    for line in ("Följer detta ärende:", "Och sopbilen?", "ser det inte där", "Svara Bea på plats"):
        assert line in page
    page = anna.get("/arenden/2").text
    assert "Låt det stå för sig självt" in page
    assert "Slå ihop …" not in page
    page = post(anna, "/arenden/2/sta-sjalv", version=cases()[1].version).text
    assert "Ärendet står för sig självt igen." in page
    assert "Följer detta ärende" not in anna.get("/arenden/1").text


def test_whoever_has_not_read_the_newest_is_asked_to(app, town):
    """Words that came after the page was drawn stop the merge, with a sentence and the page anew."""
    anna = sign_in(app)
    old = versions(2, 1)
    take_in(town, said("Hallå?", at=MONDAY + 29 * MINUTE, by="Ali"))
    page = post(anna, "/arenden/2/sla-ihop", **old).text
    assert "Något nytt har hänt i ärendena." in page
    assert cases()[1].merged_into_id is None
    page = post(anna, "/arenden/1/dela", ord=1, version=1)
    assert page.status_code == 409
    assert "Något nytt har hänt" in page.text


def test_a_follower_is_never_led(app, town):
    """Whoever chooses a case that follows another gets that other one, and a ring is refused."""
    anna = sign_in(app)
    post(anna, "/arenden/2/sla-ihop", **versions(2, 1))
    page = anna.get("/arenden/3/sla-ihop?med=2").text
    assert "följer redan LA-2026-1" in page
    page = anna.get("/arenden/1/sla-ihop?med=2")
    assert page.status_code == 400
    assert "Ett ärende kan inte följa sig självt" in page.text
    page = post(anna, "/arenden/3/sla-ihop", **versions(3, 2)).text
    assert "Det andra ärendet följer redan ett annat." in page


def test_of_a_hidden_follower_only_that_there_is_one(app, town):
    """A handler who may not see a follower reads that there is one, and none of its words."""
    anna = sign_in(app)
    put_with(cases()[0], "miljo")
    put_with(cases()[1], "gata-park")
    post(anna, "/arenden/2/sla-ihop", **versions(2, 1))
    page = sign_in(app, "handler", "Petra Lund", "miljo").get("/arenden/1").text
    assert "1 ärende som du inte får se följer detta." in page
    assert "sopbilen" not in page
    omar = sign_in(app, "handler", "Omar Ek", "gata-park")
    assert "Följer ett ärende som du inte får se." in omar.get("/arenden/2").text
    assert post(omar, "/arenden/2/sta-sjalv", version=cases()[1].version).status_code == 403


def test_words_are_split_out_and_put_back(app, town):
    """Ticked words become a case of their own; both pages say so, and one press puts them back."""
    anna = sign_in(app)
    page = anna.get("/arenden/1/dela").text
    assert page.count('type="checkbox" name="ord"') == 2
    version = cases()[0].version
    for ticked, why in (
        ([], "Kryssa för minst en"),
        ([1, 2], "Minst en kommentar måste vara kvar"),
    ):
        page = post(anna, "/arenden/1/dela", ord=ticked, version=version)
        assert (page.status_code, why in page.text) == (400, True)
    chosen = {"avdelning": "miljo", "typ": "fråga", "version": version}
    page = post(anna, "/arenden/1/dela", ord=2, **chosen).text
    assert "Orden ligger nu i LA-2026-4." in page
    assert "Invånaren har också ord i" in page
    assert messages()[1].case_id == 4
    assert "Orden är tagna ur" in anna.get("/arenden/4").text
    page = post(anna, "/arenden/4/lagg-tillbaka", version=cases()[3].version).text
    assert "Orden ligger i LA-2026-1 igen." in page
    assert "Invånaren har också ord i" not in page
    page = anna.get("/arenden/4").text
    assert "Det här ärendet är tomt och klart." in page
    assert "Låt det stå för sig självt" not in page
    page = post(anna, "/arenden/4/lagg-tillbaka", version=cases()[3].version).text
    assert "redan tillbaka" in page


def test_a_single_comment_cannot_be_split(app, town):
    """A case with one comment says so, with a way back."""
    page = sign_in(app).get("/arenden/2/dela").text
    assert "Här finns bara en kommentar." in page
    assert "checkbox" not in page
