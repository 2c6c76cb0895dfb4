"""The search page: denied first, then with and without JavaScript, and nothing found."""

import pytest

from tests.conftest import MONDAY
from tests.factories import a_person, an_account, cases, put_with, said, take_in
from tests.web.test_roles import signed_in

pytestmark = pytest.mark.once


@pytest.fixture
def two(app):
    """Rats at the environment's department, and at the streets'."""
    source = an_account(now=MONDAY)
    take_in(
        source,
        said("Råttor <i>vid</i> dammen", at=MONDAY, by="Alva Ek"),
        said("Råttor i gatan", at=MONDAY, by="Bo Ask"),
    )
    pond, street = cases()
    put_with(pond, "miljo")
    put_with(street, "gata-park")
    return pond, street


def test_a_handler_sees_no_hit_of_another_department(app, two):
    """Neither the page nor the hits while typing show another department's words or person."""
    petra = a_person("handler", "Petra Lund", "miljo", now=MONDAY)
    client = signed_in(app, petra.login)
    for asked in ("råttor", "Bo Ask", f"LA-2026-{two[1].id}"):
        for headers in ({}, {"HX-Request": "true"}):
            page = client.get("/sok", query_string={"q": asked}, headers=headers).text
            assert "i gatan" not in page
            assert f"/arenden/{two[1].id}" not in page


def test_hits_are_marked_escaped_and_lead_to_their_case(app, two):
    """The page shows the words as text, the hit marked, its count, and a link to the case."""
    client = signed_in(app, a_person(now=MONDAY).login)
    page = client.get("/sok?q=råttan&vy=oppna").text
    assert "<mark>Råttor</mark> &lt;i&gt;vid&lt;/i&gt; dammen" in page
    assert "2 träffar" in page
    assert f'href="/arenden/{two[0].id}"' in page
    assert "<form" in page.split('id="sokform"')[0]


def test_while_typing_only_the_hits_come(app, two):
    """The request of a typed letter gets the count and the hits, no page around them."""
    client = signed_in(app, a_person(now=MONDAY).login)
    answer = client.get("/sok?q=råt", headers={"HX-Request": "true"})
    assert "<mark>Råttor</mark>" in answer.text
    assert 'hx-swap-oob="innerHTML"' in answer.text
    assert "<html" not in answer.text


def test_nothing_found_says_what_to_try(app, two):
    """Without hits there is advice, and the way out of the filters when there are any."""
    client = signed_in(app, a_person(now=MONDAY).login)
    page = client.get("/sok?q=zebra&vy=klara").text
    assert "0 träffar" in page
    assert "Skriv färre ord" in page
    assert 'href="/sok?q=zebra"' in page


@pytest.mark.parametrize(
    "query", ["", "q=%22%3Cscript%3E", "q=a&efter=x", "q=a&efter=9" + "9" * 30, "q=%00&vy=nej&kanal=x"]
)  # fmt: skip
def test_any_address_gives_a_page(app, two, query):
    """What an address cannot mean is passed over, and what was typed comes back as text."""
    client = signed_in(app, a_person(now=MONDAY).login)
    answer = client.get(f"/sok?{query}")
    assert answer.status_code == 200
    assert "<script>" not in answer.text
