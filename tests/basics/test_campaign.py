"""The mark on links in answers: on the city's own, once, saying channel and month alone."""

from datetime import UTC, datetime

import pytest

from app.basics.campaign import mark_of, marked

MARK = "vaxeln-facebook-2026-11"
SITE = ("www.landskrona.se", "landskrona.se")
ADDRESS = "https://www.landskrona.se/bad"


def test_a_mark_says_channel_and_month():
    """The month is the one in Stockholm, where the new year comes an hour before it does in UTC."""
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert mark_of("facebook", at) == "vaxeln-facebook-2027-01"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (ADDRESS, f"{ADDRESS}?mtm_campaign={MARK}"),
        (f"Se {ADDRESS}.", f"Se {ADDRESS}?mtm_campaign={MARK}."),
        (f"(se {ADDRESS})", f"(se {ADDRESS}?mtm_campaign={MARK})"),
        (f"{ADDRESS}?a=1#tider", f"{ADDRESS}?a=1&mtm_campaign={MARK}#tider"),
        ("HTTPS://Landskrona.SE", f"HTTPS://Landskrona.SE?mtm_campaign={MARK}"),
        (f"{ADDRESS} och {ADDRESS}/x", f"{ADDRESS}?mtm_campaign={MARK} och {ADDRESS}/x?mtm_campaign={MARK}"),
    ],
)  # fmt: skip
def test_links_to_the_city_are_marked(written, sent):
    """The mark goes in the address and not in the sentence, beside what stands there already."""
    assert marked(written, SITE, MARK) == sent
    assert marked(sent, SITE, MARK) == sent


@pytest.mark.parametrize(
    "written",
    [
        "https://www.skane.se/bad",
        "https://www.landskrona.se.elak.example/",
        "https://elak.example/?https://www.landskrona.se",
        "www.landskrona.se/bad",
        "info@landskrona.se",
        "https://[trasig",
        f"{ADDRESS}?utm_source=brev",
        f"{ADDRESS}#mtm_campaign=brev",
        "مرحبا بكم",
        "",
    ],
)
def test_everything_else_stays_as_it_was_written(written):
    """Other sites, what only looks like the city's, and what is marked already are left alone."""
    assert marked(written, SITE, MARK) == written


def test_without_a_site_nothing_is_marked():
    """As long as the city's own sites are not set no link is touched."""
    assert marked(ADDRESS, (), MARK) == ADDRESS
