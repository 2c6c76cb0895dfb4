"""The way out to the net: where it may go, how far it is sent on, how long and how much."""

import gzip
import ipaddress
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.channels import web_requests
from app.channels.base import (
    Connection,
    Reason,
    Refused,
    TryLater,
    Uncertain,
)
from app.channels.web_requests import connections, trouble_of

from .benches.loopback import Reply
from .benches.site import (
    NOW,
    NOWHERE,
    Site,
    a_site,
    error_of,
    get,
    names,
    post,
    reason_of,
    to,
)

__all__ = ["a_site"]

# --- where it may go ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1",
        "fd12::1", "ff02::1", "fec0::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1",
        "2002:7f00:1::", "64:ff9b::a00:1", "2001:db8::1", "2001::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_the_open_net(address: str) -> None:
    """Local, private, shared, reserved and multicast addresses are none, however they are written."""
    assert not connections.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2a00:801:f0::1", "::ffff:93.184.216.34"])
def test_addresses_of_the_open_net(address: str) -> None:
    """An ordinary public address may be reached."""
    assert connections.is_public(ipaddress.ip_address(address))


def test_a_private_host_needs_to_be_allowed(site: Site) -> None:
    """A private address is refused before a connection is made, unless its host is allowed."""
    site.replies["/"] = Reply(200, b"hej")
    assert reason_of(lambda: get(site.url + "/", NOWHERE)) is Reason.ADDRESS_NOT_ALLOWED
    assert reason_of(lambda: post(site.url + "/", NOWHERE)) is Reason.ADDRESS_NOT_ALLOWED
    assert not site.asked
    assert get(site.url + "/").body == b"hej"


@pytest.mark.parametrize(
    "url",
    ["http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://0/",
     "http://localhost/", "http://[::1]/", "http://127.1/"],
)  # fmt: skip
def test_other_ways_to_write_loopback(url: str) -> None:
    """Loopback under another spelling is still loopback."""
    error = error_of(lambda: get(url, NOWHERE))
    assert isinstance(error, Refused) or "not reached" in error.detail


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "/etc/passwd", "ftp://example.se/", "gopher://example.se/", "",
     "http://", "http://user:pass@example.se/", "http://example.se:99999/", "http://[::1/",
     "javascript:alert(1)", "data:,hej"],
)  # fmt: skip
def test_what_is_no_web_address(url: str) -> None:
    """Only plain http and https addresses are asked; never a file, never one with a password."""
    assert reason_of(lambda: get(url)) is Reason.ADDRESS_NOT_ALLOWED


def test_a_name_that_means_a_private_address(site: Site, monkeypatch: Any) -> None:
    """A public-looking name that resolves to a private address is refused."""
    names(monkeypatch, "127.0.0.1")
    url = f"http://blogg.example.se:{site.web.port}/"
    assert reason_of(lambda: get(url, NOWHERE)) is Reason.ADDRESS_NOT_ALLOWED
    assert not site.asked


def test_a_name_that_changes_its_mind(site: Site, monkeypatch: Any) -> None:
    """The address checked is the one connected to: the name is looked up once (DNS rebinding)."""
    looked_up = names(monkeypatch, "93.184.216.34", "127.0.0.1")
    reached: list[Any] = []

    def connect(_self: Any, address: Any) -> None:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(connections._DeadlineSocket, "connect", connect)
    assert isinstance(error_of(lambda: get("http://blogg.example.se/", NOWHERE)), TryLater)
    assert looked_up == ["blogg.example.se"]
    assert reached == [("93.184.216.34", 80)]


def test_an_allowed_name_may_be_private(site: Site, monkeypatch: Any) -> None:
    """A host that an administrator allowed by name is reached although its address is private."""
    names(monkeypatch, "127.0.0.1")
    site.replies["/"] = Reply(200, b"hej")
    allowed = Connection("c", "x", allowed_private_hosts=frozenset({"Intern.example.se"}))
    assert get(f"http://intern.example.se:{site.web.port}/", allowed).body == b"hej"


def test_no_way_round_through_the_environment(site: Site, monkeypatch: Any, tmp_path: Path) -> None:
    """Neither proxies nor .netrc from the environment are used."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login jag password hemligt\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    site.replies["/"] = Reply(200, b"hej")
    assert get(site.url + "/").body == b"hej"
    assert "authorization" not in site.asked[0].headers


# --- redirects -----------------------------------------------------------------------------


def test_a_redirect_is_followed_and_checked(site: Site) -> None:
    """A redirect within the site is followed; one to a private host or a file is refused."""
    site.replies |= {"/a": to("/b?x=1"), "/b": Reply(200, b"hej")}
    assert get(site.url + "/a", params={"q": "1"}).body == b"hej"
    assert site.asked[-1].query == {"x": "1"}
    for where in ("http://10.0.0.1/", "file:///etc/passwd", "http://192.168.0.1:9/", "//[::1]/"):
        site.replies["/a"] = to(where)
        assert reason_of(lambda: get(site.url + "/a")) is Reason.ADDRESS_NOT_ALLOWED


def test_five_redirects_and_no_more(site: Site) -> None:
    """Five redirects are followed; a sixth, or a ring, is given up."""
    site.replies |= {f"/{n}": to(f"/{n + 1}") for n in range(6)}
    site.replies["/6"] = Reply(200, b"hej")
    assert get(site.url + "/1").body == b"hej"
    assert isinstance(error_of(lambda: get(site.url + "/0")), TryLater)
    site.replies["/ring"] = to("/ring")
    assert isinstance(error_of(lambda: get(site.url + "/ring")), TryLater)
    assert len([asked for asked in site.asked if asked.path == "/ring"]) == 6


def test_secrets_stay_with_their_host(site: Site) -> None:
    """To another host go neither login nor other headers of ours; within the site they do."""
    other = Site()
    both = Connection("c", "x", allowed_private_hosts=frozenset({"127.0.0.1", "localhost"}))
    elsewhere = other.url.replace("127.0.0.1", "localhost")
    site.replies |= {"/a": to("/b"), "/b": to(elsewhere + "/c")}
    other.replies["/c"] = to(site.url + "/d")
    site.replies["/d"] = Reply(200, b"hej")
    secret = {"X-Api-Key": "hemlig", "Cookie": "a=b", "Accept": "text/plain"}
    get(site.url + "/a", both, auth=("jag", "hemligt"), headers=secret)
    assert [("authorization" in a.headers, "x-api-key" in a.headers) for a in site.asked] == [
        (True, True),
        (True, True),
        (False, False),
    ]
    there = other.asked[0].headers
    assert not {"authorization", "x-api-key", "cookie"} & set(there)
    assert there["accept"] == "text/plain"
    assert "Vaxeln" in there["user-agent"]
    other.web.close()


def test_another_port_is_another_host(site: Site) -> None:
    """The same host on another port is somebody else, as is http after https."""
    assert web_requests._same_site("http://a/x", "https://a/y")
    assert not web_requests._same_site("https://a/x", "http://a/y")
    assert not web_requests._same_site("http://a/x", "http://a:8080/y")
    assert not web_requests._same_site("http://a/x", "https://b/y")


def test_a_move_for_good_is_told(site: Site) -> None:
    """Where a redirect leads is told as far as every hop was for good."""
    site.replies |= {"/a": to("/b", 301), "/b": to("/c", 308), "/c": to("/d", 302)}
    site.replies["/d"] = Reply(200)
    assert get(site.url + "/a").moved_to == site.url + "/c"
    assert get(site.url + "/c").moved_to is None


@pytest.mark.parametrize(("status", "name"), [(301, Refused), (307, Refused), (303, Uncertain)])
def test_a_change_is_never_redirected(site: Site, status: int, name: type) -> None:
    """A redirected change is not sent on; 303 means it may have been done, the others not."""
    site.replies |= {"/a": to("/b", status), "/b": Reply(200)}
    answer = post(site.url + "/a")
    assert answer.status == status
    assert [asked.path for asked in site.asked] == ["/a"]
    assert isinstance(trouble_of(answer, now=NOW), name)


# --- how much and how long --------------------------------------------------------------------


def test_an_answer_that_is_too_large(site: Site) -> None:
    """A body over the limit is refused; one of exactly the limit is read."""
    site.replies["/"] = Reply(200, b"x" * 5000)
    assert len(get(site.url + "/", max_bytes=5000).body) == 5000
    assert reason_of(lambda: get(site.url + "/", max_bytes=4999)) is Reason.TOO_LARGE
    assert isinstance(error_of(lambda: post(site.url + "/", max_bytes=4999)), Uncertain)


def test_a_bomb_is_refused(site: Site) -> None:
    """What is counted is the size after unpacking, and how much it grew."""
    packed = gzip.compress(b"0" * 20_000_000)
    site.replies["/"] = Reply(200, packed, {"Content-Encoding": "gzip"})
    assert reason_of(lambda: get(site.url + "/")) is Reason.TOO_LARGE
    assert reason_of(lambda: get(site.url + "/", max_bytes=10**9)) is Reason.TOO_LARGE
    twice = gzip.compress(gzip.compress(b"0" * 20_000_000))
    site.replies["/"] = Reply(200, twice, {"Content-Encoding": "gzip, gzip"})
    assert reason_of(lambda: get(site.url + "/")) is Reason.TOO_LARGE


def test_a_redirect_with_a_bomb(site: Site) -> None:
    """What a redirect carries is bounded like any other answer."""
    packed = gzip.compress(b"0" * 20_000_000)
    site.replies["/"] = Reply(302, packed, {"Content-Encoding": "gzip", "Location": "/b"})
    assert reason_of(lambda: get(site.url + "/")) is Reason.TOO_LARGE
    assert [asked.path for asked in site.asked] == ["/"]


def test_an_ordinary_packed_answer_is_read(site: Site) -> None:
    """A packed body within bounds is unpacked; one wrongly packed is trouble on the way."""
    site.replies["/"] = Reply(200, gzip.compress(b"hej" * 100), {"Content-Encoding": "gzip"})
    assert get(site.url + "/").body == b"hej" * 100
    site.replies["/"] = Reply(200, b"not packed", {"Content-Encoding": "gzip"})
    assert isinstance(error_of(lambda: get(site.url + "/")), TryLater)


def test_a_server_that_trickles_its_body(site: Site, monkeypatch: Any) -> None:
    """A body sent a byte at a time, each in time, is given up when the whole takes too long."""
    monkeypatch.setattr(web_requests, "TOTAL_SECONDS", 2.0)
    site.replies["/"] = Reply(200, b"x" * 2000, pauses=0.02)
    assert isinstance(error_of(lambda: get(site.url + "/")), TryLater)
    assert isinstance(error_of(lambda: post(site.url + "/")), Uncertain)


def slow_head(port_ready: Callable[[int], None], stop: threading.Event) -> None:
    """A server that sends its headers a byte at a time, for ever."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(5)
        port_ready(server.getsockname()[1])
        visitor, _address = server.accept()
        with closing(visitor):
            visitor.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not stop.wait(0.02):
                try:
                    visitor.sendall(b"x")
                except OSError:
                    return


def test_a_server_that_trickles_its_headers(monkeypatch: Any) -> None:
    """Headers sent a byte at a time are given up in the same way."""
    monkeypatch.setattr(web_requests, "TOTAL_SECONDS", 2.0)
    ports: list[int] = []
    ready, stop = threading.Event(), threading.Event()

    def told(port: int) -> None:
        ports.append(port)
        ready.set()

    thread = threading.Thread(target=slow_head, args=(told, stop), daemon=True)
    thread.start()
    assert ready.wait(5)
    assert isinstance(error_of(lambda: get(f"http://127.0.0.1:{ports[0]}/")), TryLater)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
