"""A site whose answers a test writes by hand, and how to ask it through `web_requests`."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.channels import web_requests
from app.channels.base import ChannelError, Connection, Reason, Refused
from app.channels.web_requests import Answer, connections, request

from .loopback import Asked, Loopback, Reply

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HERE = Connection("comments", "x", allowed_private_hosts=frozenset({"127.0.0.1"}))
NOWHERE = Connection("comments", "x")
JSON = {"Content-Type": "application/json"}


class Site:
    """A site whose answers are given by path."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.web = Loopback(lambda asked: self.replies.get(asked.path, Reply(404)))
        self.url = self.web.url

    @property
    def asked(self) -> list[Asked]:
        return self.web.asked


@pytest.fixture(name="site")
def a_site(monkeypatch: Any) -> Iterator[Site]:
    monkeypatch.setattr(web_requests, "READ_SECONDS", 2.0)
    made = Site()
    yield made
    made.web.close()


def get(url: str, connection: Connection = HERE, **more: Any) -> Answer:
    return request(connection, "GET", url, **more)


def post(url: str, connection: Connection = HERE, **more: Any) -> Answer:
    return request(connection, "POST", url, json={}, **more)


def error_of(call: Callable[[], Any]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        call()
    return caught.value


def reason_of(call: Callable[[], Any]) -> Reason:
    error = error_of(call)
    assert isinstance(error, Refused), error
    return error.reason


def names(monkeypatch: Any, *answers: str) -> list[str]:
    """Let every name mean these addresses in turn; gives back the list of names looked up."""
    looked_up: list[str] = []

    def look_up(host: str, port: int, **_more: Any) -> list[Any]:
        address = answers[min(len(looked_up), len(answers) - 1)]
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(connections.socket, "getaddrinfo", look_up)
    return looked_up


def to(where: str, status: int = 302) -> Reply:
    return Reply(status, b"", {"Location": where})
