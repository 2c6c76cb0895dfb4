"""What the contract suite's files share: every channel's bench, and how to look at it."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.channels import web_requests
from app.channels.base import ChannelError, MessageSeen, Outgoing, Raw, all_channels

from .bench import PlatformBench, now

MOST_PAGES = 60


def _benches() -> dict[str, Any]:
    """The benches by name: one for each channel, and its variants."""
    found: dict[str, Any] = {}
    for name in sorted(all_channels()):
        if importlib.util.find_spec(f"{__package__}.{name}"):
            module = importlib.import_module(f"{__package__}.{name}")
            found |= {name: module.Bench, **getattr(module, "VARIANTS", {})}
    return found


BENCHES = _benches()


@pytest.fixture(name="bench", params=BENCHES)
def a_bench(request: Any, monkeypatch: Any) -> Iterator[PlatformBench]:
    silent = getattr(request.node, "callspec", request).params.get("way") == "silent"
    monkeypatch.setattr(web_requests, "READ_SECONDS", 1.5 if silent else 5.0)
    monkeypatch.setattr(web_requests, "TOTAL_SECONDS", 5.0)
    made: PlatformBench = BENCHES[request.param]()
    yield made
    made.close()


def where(able: Callable[[Any], bool]) -> Any:
    """Run the test on the benches for which this is so."""
    names = [name for name, made in BENCHES.items() if able(made)]
    return pytest.mark.parametrize("bench", names, indirect=True)


def answering(made: Any) -> bool:
    return bool(made.channel.abilities.answer)


def answering_posts(made: Any) -> bool:
    return bool(made.channel.abilities.answer_post)


def wired(made: Any) -> bool:
    """Whether the platform is asked over HTTP."""
    return len(made.can_break) > 1


def with_all(*names: str) -> Callable[[Any], bool]:
    """Whether a bench can do all of this (see the protocols in `bench.py`)."""
    return lambda made: all(hasattr(made, name) for name in names)


def breaking(ways: Sequence[str], able: Callable[[Any], bool] = lambda _made: True) -> Any:
    """Run the test on each bench for which this is so, in each of the ways it can break."""
    pairs = [
        (name, way)
        for name, made in BENCHES.items()
        for way in ways
        if able(made) and way in made.can_break
    ]
    return pytest.mark.parametrize(("bench", "way"), pairs, indirect=["bench"])


def look(
    bench: PlatformBench, cursor: str | None = None, at: datetime | None = None
) -> tuple[list[Raw], str | None]:
    """A whole look: every page until there are no more. `at`: what our clock shows; None: now."""
    raws: list[Raw] = []
    for _page in range(MOST_PAGES):
        page = bench.channel.fetch(bench.connection(), cursor, now=at or now())
        raws += page.raws
        cursor = page.cursor
        if not page.more:
            return raws, page.rest_cursor
    raise AssertionError("the look never ends")


def seen(bench: PlatformBench, raws: list[Raw]) -> dict[str, MessageSeen]:
    """What a look means, by id."""
    messages = [bench.channel.parse(bench.connection(), raw.payload, now=now()) for raw in raws]
    return {message.external_id: message for message in messages}


def answer_to(
    post: str,
    parent: str | None,
    text: str = "Hej. Badet öppnar kl. 8.",
    skew: timedelta = timedelta(),
) -> Outgoing:
    moment = now() + skew
    return Outgoing(f"nyckel-{parent}-{text}", text, post, parent, pressed_at=moment)


def fails(call: Callable[[], Any]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value
