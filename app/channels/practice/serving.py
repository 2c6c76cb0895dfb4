"""The practice town's networks as one small process that only this machine can ask.

`python -m app.channels.practice.serving SOCKET FOLDER SPEED`: SOCKET is the number of an inherited
socket that listens on 127.0.0.1, FOLDER is DATA_DIR, SPEED is PRACTICE_SPEED. It needs neither
Flask nor the database, and ends at SIGTERM.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path

from app.channels.practice.networks import CITY, Teller
from app.channels.practice.pace import story
from app.channels.practice.standins import graph, wire, x, youtube
from app.channels.practice.standins.graph_nodes import PAGE_ID
from app.channels.practice.standins.stage import Stage

Clock = Callable[[], datetime]
Answer = Callable[[wire.Asked], wire.Reply]
HANDLE = "ovningsstaden"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Network:
    """One network of the town: its stand-in, and how an account is connected to it.

    `values` are the account's settings and secrets, `kinds` what is polled. `addresses` (paths at
    the stand-in) and `constants` are its own values for settings of the installation.
    """

    channel: str
    stand_in: Callable[[Path, Clock], tuple[Stage, Answer]]
    values: Mapping[str, str]
    addresses: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()

    def platform(self, port: int) -> dict[str, str]:
        """The account's own values for settings of the installation, with the town on that port."""
        base = f"http://{HOST}:{port}/{self.channel}"
        return {**self.constants, **{name: base + path for name, path in self.addresses.items()}}


def _x(path: Path, clock: Clock) -> tuple[Stage, Answer]:
    made = x.XStandIn(path, clock)
    made.city, made.handle = CITY, HANDLE
    turns = [*story("x.toml")["week"], *story("x.toml")["later"]]
    made.names = {x.number_of(t["name"]): t["handle"] for t in turns if "handle" in t}
    return made.stage, made.answer


def _youtube(path: Path, clock: Clock) -> tuple[Stage, Answer]:
    made = youtube.YouTubeStandIn(path, clock)
    made.city = CITY
    return made.stage, made.answer


def _facebook(path: Path, clock: Clock) -> tuple[Stage, Answer]:
    made = graph.GraphStandIn(path, clock)
    made.manners.ranked = True
    return made.stage, made.answer


NETWORKS = (
    Network(
        channel="x",
        stand_in=_x,
        values={
            "account_id": x.ACCOUNT_ID,
            "handle": HANDLE,
            "consumer_key": x.CONSUMER_KEY,
            "consumer_secret": x.CONSUMER_SECRET,
            "oauth1_token": x.OAUTH1_TOKEN,
            "oauth1_secret": x.OAUTH1_SECRET,
        },
        addresses={"X_API_URL": ""},
        kinds=("mentions", "conversations"),
    ),
    Network(
        channel="facebook",
        stand_in=_facebook,
        values={"page_id": PAGE_ID, "page_token": graph.PAGE_TOKEN},
        addresses={"GRAPH_API_URL": ""},
        constants={"META_APP_ID": graph.APP_ID, "META_APP_SECRET": graph.APP_SECRET},
    ),
    Network(
        channel="youtube",
        stand_in=_youtube,
        values={"channel_id": youtube.CHANNEL_ID, "refresh_token": youtube.REFRESH_TOKEN},
        addresses={"YOUTUBE_API_URL": youtube.API_PATH, "GOOGLE_TOKEN_URL": youtube.TOKEN_PATH},
        constants={
            "GOOGLE_CLIENT_ID": youtube.CLIENT_ID,
            "GOOGLE_CLIENT_SECRET": youtube.CLIENT_SECRET,
        },
    ),
)


def now_in_utc() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def answer_of(network: Network, folder: Path, speed: str, clock: Clock = now_in_utc) -> Answer:
    """What the network says to a request, after telling what has been said meanwhile."""
    stage, answer = network.stand_in(folder / f"practice-{network.channel}.json", clock)
    teller = Teller(network.channel, stage, speed)

    def say(asked: wire.Asked) -> wire.Reply:
        teller.advance(clock())
        return answer(asked)

    return say


def server_of(
    listens: socket.socket, folder: Path, speed: str, clock: Clock = now_in_utc
) -> ThreadingHTTPServer:
    """All networks on one socket; not started yet."""
    answers = {f"/{one.channel}": answer_of(one, folder, speed, clock) for one in NETWORKS}
    return wire.server(listens, answers)


def command(listens: socket.socket, folder: Path, speed: str) -> list[str]:
    """The command that serves the town on an inherited socket."""
    module = "app.channels.practice.serving"
    return [sys.executable, "-m", module, str(listens.fileno()), str(folder), speed]


def become(listens: socket.socket, folder: Path, speed: str, root: Path) -> None:
    """Turn this process into the town's (much smaller) one; never returns."""
    os.chdir(root)
    os.set_inheritable(listens.fileno(), True)
    words = command(listens, folder, speed)
    os.execv(words[0], words)  # noqa: S606 - our own command, without a shell


def main(words: list[str]) -> None:
    """Serve until SIGTERM or Ctrl C."""
    number, folder, speed = words
    made = server_of(socket.socket(fileno=int(number)), Path(folder), speed)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda _sign, _frame: sys.exit(0))
    made.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
