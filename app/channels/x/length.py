"""How long a text is by X's own count, which links it makes, and what sending it costs.

X's weights (configuration 3): Latin letters and most punctuation count one, other signs two, every
link 23 and an emoji two. Source: https://docs.x.com/fundamentals/counting-characters
"""

from typing import Any

from app.channels.base import Connection, Weight
from app.channels.x.account import max_weighted
from app.channels.x.money import prices_of


def weight_of(connection: Connection, text: str) -> Weight:
    """The text's length, links and price. Pure, and quick: asked while typing."""
    links = links_in(text)
    operation = "post_with_link" if links else "summoned_reply"
    return Weight(
        used=int(_twitter_text().parse_tweet(text).weightedLength),
        most=max_weighted(connection),
        links=links,
        slips=tuple(link for link in links if looks_like_a_slip(link)),
        price=prices_of(connection)[operation],
    )


def links_in(text: str) -> tuple[str, ...]:
    """What X makes links of, as written."""
    _twitter_text()
    from twitter_text.extract_urls import extract_urls  # type: ignore[import-untyped]  # no types

    return tuple(str(link) for link in extract_urls(text))


def looks_like_a_slip(link: str) -> bool:
    """Whether a link may be a space forgotten after a full stop: `Bl.a.vi`, `oss.Vi`.

    What has a scheme, begins with www. or leads to a page below (`landskrona.se/bad`) was meant.
    """
    bare = link.lower()
    if bare.startswith(("http://", "https://", "www.")) or "/" in bare:
        return False
    return any(after[:1].isalpha() for after in link.split(".")[1:])


def _twitter_text() -> Any:
    import twitter_text  # type: ignore[import-untyped]  # it has no types of its own

    return twitter_text
