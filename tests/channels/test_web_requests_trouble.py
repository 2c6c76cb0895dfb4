"""What each trouble on the way out is called, what is told of it, and the session for libraries."""

import ipaddress
import logging
import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.channels import web_requests
from app.channels.base import (
    ChannelError,
    Connection,
    Gone,
    Reason,
    Refused,
    SignInNeeded,
    TryLater,
    Uncertain,
)
from app.channels.web_requests import Answer, connections, retry_at, trouble_of

from .benches.loopback import BREAKS, Reply
from .benches.site import (
    HERE,
    JSON,
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

# --- what each trouble is called ------------------------------------------------------------


def test_what_never_left(site: Site, monkeypatch: Any) -> None:
    """A name unknown, a port closed, nobody picking up, a failed handshake: nothing happened."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        closed = server.getsockname()[1]
    site.replies["/"] = Reply(200)
    calls = [f"http://127.0.0.1:{closed}/", f"https://127.0.0.1:{site.web.port}/"]
    for url in calls:
        for ask in (get, post):
            assert isinstance(error_of(lambda ask=ask, url=url: ask(url)), TryLater)

    def no_name(*_args: Any, **_more: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(connections.socket, "getaddrinfo", no_name)
    assert isinstance(error_of(lambda: post("https://finns-inte.example.se/")), TryLater)
    names(monkeypatch, "127.0.0.1")

    def nobody(_self: Any, _address: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(connections._DeadlineSocket, "connect", nobody)
    assert isinstance(error_of(lambda: post("http://127.0.0.1:80/")), TryLater)


@pytest.mark.parametrize("way", ["silent", "cut_body", "cut_connection"])
def test_what_may_have_left(site: Site, way: str) -> None:
    """Silence and cut answers leave a change uncertain; a read may simply be asked again."""
    site.web.break_in(way)
    assert isinstance(error_of(lambda: post(site.url + "/")), Uncertain)
    error = error_of(lambda: get(site.url + "/"))
    assert isinstance(error, TryLater)


def test_html_where_json_was_promised(site: Site) -> None:
    """HTML instead of JSON on a 200 is uncertain after a change, and TryLater after a read."""
    site.web.break_in("html")
    assert isinstance(error_of(lambda: post(site.url + "/").json_body()), Uncertain)
    assert isinstance(error_of(lambda: get(site.url + "/").json_body()), TryLater)


@pytest.mark.parametrize(
    ("status", "on_read", "on_change"),
    [
        (200, None, None),
        (201, None, None),
        (304, None, None),
        (400, Refused, Refused),
        (401, SignInNeeded, SignInNeeded),
        (403, Refused, Refused),
        (404, Refused, Refused),
        (408, TryLater, Uncertain),
        (410, Gone, Gone),
        (413, Refused, Refused),
        (429, TryLater, TryLater),
        (500, TryLater, Uncertain),
        (502, TryLater, Uncertain),
        (503, TryLater, Uncertain),
        (504, TryLater, Uncertain),
        (520, TryLater, Uncertain),
    ],
)
def test_what_a_status_alone_means(status: int, on_read: Any, on_change: Any) -> None:
    """Each status has one of the contract's names, by whether it may have changed something."""
    for method, expected in (("GET", on_read), ("POST", on_change)):
        trouble = trouble_of(Answer(status, {}, b"", "http://a/", method), now=NOW)
        assert trouble is None if expected is None else type(trouble) is expected


def test_a_503_with_a_time_is_clear() -> None:
    """A 503 that says when to come back did nothing, even to a change."""
    answer = Answer(503, {"retry-after": "60"}, b"", "http://a/", "POST")
    trouble = trouble_of(answer, now=NOW)
    assert isinstance(trouble, TryLater)
    assert trouble.until == NOW + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        ("0", 1),
        ("999999999", 86400),
        ("9" * 400, 86400),
        ("Tue, 24 Nov 2026 12:05:00 GMT", 300),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 1),
        ("Tuesday, 24-Nov-26 12:05:00 GMT", 300),
        ("snart", None),
        ("-5", None),
        ("", None),
    ],
)
def test_when_to_come_back(said: str, seconds: int | None) -> None:
    """Retry-After is understood as seconds and as a date, and held between a second and a day."""
    answer = Answer(429, {"retry-after": said}, b"", "http://a/", "GET")
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert retry_at(answer, now=NOW) == expected


# --- what is told ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [None, *BREAKS])
def test_no_secret_is_told(site: Site, way: str | None, caplog: Any) -> None:
    """Neither log lines of any level nor errors hold the query, the login or a header of ours."""
    caplog.set_level(logging.DEBUG)
    site.replies["/"] = Reply(200, b"{}", JSON)
    if way:
        site.web.break_in(way)
    told = ""
    for ask in (get, post):
        try:
            ask(
                site.url + "/?access_token=hemlig1",
                auth=("jag", "hemlig2"),
                headers={"X-Api-Key": "hemlig3"},
                params={"key": "hemlig4"},
            )
        except ChannelError as error:
            told += f"{error!r} {error.__cause__!r} {error.detail}"
    assert "hemlig" not in told + caplog.text


def test_who_asks(site: Site) -> None:
    """Requests name the system, the city and an address to write to, in plain ASCII."""
    site.replies["/"] = Reply(200)
    city = Connection(
        "c",
        "x",
        allowed_private_hosts=frozenset({"127.0.0.1"}),
        city="Växjö kommun\r\nX-Evil: 1",
        contact="kontakt@example.test",
    )
    get(site.url + "/", city)
    agent = site.asked[0].headers["user-agent"]
    assert agent == "Vaxeln/1.0 (Vaxjo kommunX-Evil: 1; kontakt@example.test)"


def test_cookies_are_not_kept(site: Site) -> None:
    """A cookie set by one answer is not sent with the next request."""
    site.replies["/"] = Reply(200, b"", {"Set-Cookie": "spår=1; Path=/"})
    get(site.url + "/")
    get(site.url + "/")
    assert all("cookie" not in asked.headers for asked in site.asked)


def test_a_change_has_a_connection_of_its_own(site: Site) -> None:
    """A change goes over a fresh connection: a kept one may be dead without our knowing."""
    site.replies["/"] = Reply(200, b"{}", JSON)
    made: list[Any] = []
    real = connections._connect

    def counted(connection: Any) -> Any:
        made.append(connection)
        return real(connection)

    connections._connect = counted  # type: ignore[assignment]
    try:
        get(site.url + "/")
        get(site.url + "/")
        reading = len(made)
        post(site.url + "/")
        post(site.url + "/")
    finally:
        connections._connect = real
    assert (reading, len(made) - reading) == (1, 2)


# --- the session for libraries, and TLS ------------------------------------------------------


def test_the_session_for_other_libraries(site: Site) -> None:
    """A library that brings its own calls gets the same bounds and the same errors."""
    session = connections.GuardedSession(HERE)
    site.replies |= {"/": Reply(200, b'{"a": 1}', JSON), "/away": to("http://10.0.0.1/")}
    assert session.get(site.url + "/").json() == {"a": 1}
    assert session.get(site.url + "/away").status_code == 302
    site.web.break_in("cut_body")
    assert isinstance(error_of(lambda: session.post(site.url + "/", json={})), Uncertain)
    refused = connections.GuardedSession(NOWHERE)
    assert reason_of(lambda: refused.get(site.url + "/")) is Reason.ADDRESS_NOT_ALLOWED


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    moment = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "loopback.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_tls_is_checked_and_bounded(site: Site, monkeypatch: Any, tmp_path: Path) -> None:
    """Over TLS an unknown certificate is TryLater, a known one works, and a trickle is given up."""
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    site.web.server.socket = context.wrap_socket(site.web.server.socket, server_side=True)
    site.replies |= {"/": Reply(200, b"hej"), "/slow": Reply(200, b"x" * 2000, pauses=0.02)}
    url = f"https://127.0.0.1:{site.web.port}"
    assert isinstance(error_of(lambda: post(url + "/")), TryLater)
    session = connections.GuardedSession(HERE)
    session.verify = str(file)
    assert session.get(url + "/").content == b"hej"
    monkeypatch.setattr(web_requests, "TOTAL_SECONDS", 2.0)
    assert isinstance(error_of(lambda: session.post(url + "/slow")), Uncertain)
