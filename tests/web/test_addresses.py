"""Addresses that are worked out once."""

import re

import pytest
from flask import url_for

from app.web.addresses import address_to
from tests.conftest import MONDAY
from tests.factories import a_person
from tests.web.test_roles import signed_in

pytestmark = pytest.mark.once

ASKED = (
    ("inbox.show", {}), ("inbox.show", {"vy": "klara", "typ": "beröm"}),
    ("case.show", {"case_id": 7}), ("case.show", {"case_id": 7, "vy": "mina"}),
    ("static", {"filename": "app.css"}), ("case.show", {"case_id": 8, "_anchor": "skriv"}),
    ("many.review", {"val": ["1", "2"]}), ("inbox.show", {"vy": None}),
    ("case.show", {"case_id": 7, "_external": True}),
)  # fmt: skip


@pytest.mark.parametrize("root", ["", "/vaxeln"])
def test_a_kept_address_is_what_flask_says(app, root):
    """Each time it is asked for, an address is the one that Flask gives, below any root."""
    with app.test_request_context("/arenden", environ_overrides={"SCRIPT_NAME": root}):
        for _ in range(2):
            for endpoint, values in ASKED:
                assert address_to(endpoint, **values) == url_for(endpoint, **values)
        assert address_to("inbox.show") == f"{root}/arenden"


@pytest.mark.parametrize("number", [2**31, 10**30])
def test_a_number_that_no_row_can_have_has_no_page(app, number):
    """Wherever a number stands in an address, one that is too large is no page (405: the same
    address may be pressed with something else than a number)."""
    client = signed_in(app, a_person("communications", "Erik Ek", now=MONDAY).login)
    seen = 0
    for rule in app.url_map.iter_rules():
        if "<int:" in rule.rule and "GET" in (rule.methods or ()):
            path = re.sub(r"<int:\w+>", str(number), rule.rule)
            assert (path, client.get(path).status_code in (404, 405)) == (path, True)
            seen += 1
    assert seen > 15


def test_a_relative_name_is_of_the_page_that_asks(app):
    """A name that begins with a dot belongs to the screen in which it is asked for."""
    for path, found in (("/arenden/1", "/arenden/1"), ("/inlagg/1", "/inlagg/1")):
        with app.test_request_context(path):
            assert address_to(".show", **{"case_id" if "aren" in path else "post_id": 1}) == found
