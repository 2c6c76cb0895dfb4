"""Addresses that are worked out once."""

import pytest
from flask import url_for

from app.web.addresses import address_to

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


def test_a_relative_name_is_of_the_page_that_asks(app):
    """A name that begins with a dot belongs to the screen in which it is asked for."""
    for path, found in (("/arenden/1", "/arenden/1"), ("/inlagg/1", "/inlagg/1")):
        with app.test_request_context(path):
            assert address_to(".show", **{"case_id" if "aren" in path else "post_id": 1}) == found
