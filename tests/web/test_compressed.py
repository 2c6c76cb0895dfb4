"""What goes over the line: compressed for our own pages, as it is for what others make one ask."""

import pytest

from tests.conftest import MONDAY
from tests.factories import a_person
from tests.web.test_roles import signed_in

pytestmark = pytest.mark.once
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def anna(app):
    """Signed in."""
    return signed_in(app, a_person(now=MONDAY).login)


@pytest.mark.parametrize(
    "path", ["/mitt-konto", "/static/components.css", "/static/icons/sprite.svg"]
)
def test_our_own_pages_and_files_are_compressed(anna, path):
    """A page, a style sheet and the symbols come in gzip to a browser that takes it."""
    answer = anna.get(path, headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) < len(anna.get(path).data) / 2


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_asks_for_is_not(anna, site):
    """Nobody can guess at a form key by the length of a page that their own page made one open."""
    answer = anna.get("/mitt-konto", headers={**GZIP, "Sec-Fetch-Site": site})
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers
