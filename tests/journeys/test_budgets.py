"""What a page may weigh and move, with large text and on a slow line."""

import pytest

from app.channels.practice import PracticeTown
from app.collecting.collect import collect_due
from app.people.practice import PRACTICE_PASSWORD
from app.schedule import collector_of
from app.start import prepare
from tests.factories import cases
from tests.journeys.conftest import keep, sign_in

pytestmark = pytest.mark.once

MOST_BYTES = 100_000
SHIFTS = """() => new Promise((tell) => {
  let sum = 0;
  const moved = [];
  new PerformanceObserver((seen) => {
    for (const one of seen.getEntries()) {
      sum += one.value;
      moved.push(...one.sources.map((source) => source.node?.className || source.node?.nodeName));
    }
  })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => tell([sum, moved]), 1200);
})"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def signed_in(app, served, page):
    """Anna at her desk in the practice town."""
    prepare(app)
    PracticeTown.open(app.config["DATA_DIR"], "Övningsstaden")
    collect_due(collector_of(app), all_now=True)
    sign_in(page, served, "anna", PRACTICE_PASSWORD)
    page.goto("about:blank")
    return page


@pytest.fixture
def line(signed_in):
    """The browser's line: what comes over it, and how slow it is."""
    line = signed_in.context.new_cdp_session(signed_in)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    return line


def test_a_first_page_is_light_and_lies_still(served, signed_in, line):
    """With an empty cache the list and a case come in under 100 kB each, and nothing jumps."""
    arrived = []
    line.on("Network.loadingFinished", lambda told: arrived.append(told["encodedDataLength"]))
    for path in ("/arenden", f"/arenden/{cases()[0].id}"):
        arrived.clear()
        signed_in.goto(served.url + path, wait_until="load")
        weight = sum(arrived)  # what is looked for later, every few seconds, is no first page
        moved = signed_in.evaluate(SHIFTS)
        assert (path, moved[0] < 0.001, moved) == (path, True, moved)
        assert (path, weight < MOST_BYTES, weight) == (path, True, weight)


def test_twice_as_large_text_stays_within_the_page(served, signed_in, line):
    """With text at 200 % nothing runs out sideways, and the answer can still be pressed."""
    line.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    signed_in.set_viewport_size({"width": 1280, "height": 900})
    for path in (
        "/arenden",
        f"/arenden/{cases()[0].id}",
        "/sok?q=vatten",
        "/inlagg/1",
        "/mitt-konto",
    ):
        signed_in.goto(served.url + path)
        assert signed_in.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        assert (path, signed_in.evaluate(SIDEWAYS)) == (path, 0)
        if path.startswith("/arenden/"):
            signed_in.get_by_role("button", name="Publicera svar").scroll_into_view_if_needed()
            assert signed_in.get_by_role("button", name="Publicera svar").is_visible()
            keep(signed_in, "dubbelt-sa-stor-text")


def test_on_a_slow_line_what_is_typed_is_kept(served, signed_in, line):
    """At 400 kbit/s with 400 ms delay a case opens, and the answer is saved while it is written."""
    slow = {
        "offline": False,
        "latency": 400,
        "downloadThroughput": 50_000,
        "uploadThroughput": 50_000,
    }
    line.send("Network.emulateNetworkConditions", slow)
    signed_in.goto(f"{served.url}/arenden/{cases()[0].id}")
    signed_in.locator("#svar").type("Vi kommer på tisdag.")
    signed_in.locator("#sparat").get_by_text("Utkast sparat").wait_for()
    keep(signed_in, "pa-en-langsam-lina")
    signed_in.reload()
    assert signed_in.locator("#svar").input_value() == "Vi kommer på tisdag."
