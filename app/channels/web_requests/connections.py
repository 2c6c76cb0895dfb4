"""The sockets behind `web_requests`: which addresses they reach and how long they may take.

The address that is checked is the address that is connected to: the name is looked up once, here,
so a name that changes between check and use (DNS rebinding) gains nothing. Every read from a socket
is held to the request's own deadline, so a server that trickles cannot keep us.
"""

import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)

import app.channels.web_requests as bounds
from app.channels.base import (
    ChannelError,
    Connection,
    Reason,
    Refused,
    TryLater,
    Uncertain,
)
from app.channels.web_requests import READING, Answer, host_of, unclear

logging.getLogger("urllib3").setLevel(logging.INFO)  # its debug lines hold whole addresses

CHUNK = 64 * 1024
RATIO_MATTERS_FROM = 1024 * 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _ThisRequest(threading.local):
    """What the request that this thread is making is bound by."""

    allowed_private_hosts: frozenset[str] = frozenset()
    deadline: float | None = None
    connected: bool = False


this_request = _ThisRequest()


def is_public(address: Address) -> bool:
    """Whether an address lies on the open net: not ours, not local, not multicast, not reserved.

    IPv6 addresses that carry an IPv4 address (mapped, compatible, 6to4, NAT64) are judged by it.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if int(address) >> 32 == 0 or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _may_reach(host: str, address: str) -> bool:
    plain = ipaddress.ip_address(address.partition("%")[0])
    allowed = this_request.allowed_private_hosts
    return is_public(plain) or host.lower().strip("[]") in allowed or str(plain) in allowed


def _time_left(longest: float) -> float:
    """Seconds a single step may take: `longest`, or less when the whole request is due."""
    if this_request.deadline is None:
        return longest
    left = this_request.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the whole request took too long")
    return min(longest, left)


class _DeadlineSocket(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_time_left(bounds.READ_SECONDS))
        return super().recv_into(*args, **kwargs)


class _DeadlineSSLSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_time_left(bounds.READ_SECONDS))
        return super().recv_into(*args, **kwargs)


def _connect(connection: HTTPConnection) -> socket.socket:
    """A socket to the first address of the host that may be reached and answers."""
    this_request.connected = False
    host = connection.host
    try:
        found = socket.getaddrinfo(host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from None
    reachable = [row for row in found if _may_reach(host, str(row[4][0]))]
    if not reachable:
        raise Refused(Reason.ADDRESS_NOT_ALLOWED, f"{host} is not on the open net")
    trouble: OSError = OSError("no address")
    for family, kind, protocol, _name, address in reachable:
        made = _DeadlineSocket(family, kind, protocol)
        try:
            made.settimeout(_time_left(bounds.CONNECT_SECONDS))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.connect(address)
            return made
        except OSError as error:
            made.close()
            trouble = error
    if isinstance(trouble, TimeoutError):
        raise ConnectTimeoutError(connection, f"{host} did not pick up") from None
    raise NewConnectionError(connection, f"{host} did not pick up") from None


class _Guarded:
    """What both kinds of connection do: connect where allowed, note when a request can leave."""

    def _new_conn(self) -> socket.socket:
        return _connect(self)  # type: ignore[arg-type]  # mixed into HTTPConnection only

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        super().putrequest(*args, **kwargs)  # type: ignore[misc]
        this_request.connected = True  # true of a kept connection; `_connect` takes it back

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        this_request.connected = True


class _PlainConnection(_Guarded, HTTPConnection):
    pass


class _TlsConnection(_Guarded, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _GuardedAdapter(HTTPAdapter):
    """Connects only where this request may go; trusts the machine's own certificates as well."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = ssl.create_default_context()
        context.sslsocket_class = _DeadlineSSLSocket
        super().init_poolmanager(*args, ssl_context=context, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


class GuardedSession(requests.Session):
    """A `requests` session that keeps all our bounds, for libraries that bring their own calls.

    Every answer is read whole, within the bounds, before it is given out; no redirect is followed.
    Raises `ChannelError`s instead of `requests`' own exceptions.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.trust_env = False  # no proxies and no .netrc from the environment
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["User-Agent"] = bounds.user_agent(connection)
        self.headers["Accept-Encoding"] = "gzip, deflate"
        self.max_bytes = bounds.MAX_BYTES
        self._allowed = frozenset(host.lower() for host in connection.allowed_private_hosts)
        adapter = _GuardedAdapter(max_retries=0)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: `requests` would read a redirect's body without any bound to prepare the next."""
        return None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send one prepared request and read its whole answer."""
        method, url = str(request.method), str(request.url)
        kwargs.update(
            stream=True,
            allow_redirects=False,
            timeout=(bounds.CONNECT_SECONDS, bounds.READ_SECONDS),
        )
        this_request.allowed_private_hosts = self._allowed
        this_request.deadline = time.monotonic() + bounds.TOTAL_SECONDS
        this_request.connected = False
        try:
            response = super().send(request, **kwargs)
            with response:
                response._content = _whole_body(response, self.max_bytes)
        except ChannelError as error:
            raise _after_leaving(error, method, this_request.connected) from None
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _name_of(error, method, host_of(url), this_request.connected) from None
        finally:
            this_request.deadline = None
        return response


def _whole_body(response: requests.Response, max_bytes: int) -> bytes:
    """The decompressed body. Raises `Refused` when it, or how it was packed, is too much."""
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > max_bytes:
            raise Refused(Reason.TOO_LARGE, f"{host_of(response.url)} answered more than allowed")
        packed = max(response.raw.tell(), 1)
        if len(body) > RATIO_MATTERS_FROM and len(body) / packed > bounds.MAX_RATIO:
            raise Refused(Reason.TOO_LARGE, f"{host_of(response.url)} answered something packed")
    return bytes(body)


def _chunks(response: requests.Response) -> Iterable[bytes]:
    chunks: Iterable[bytes] = response.raw.stream(CHUNK, decode_content=True)
    return chunks


def _after_leaving(error: ChannelError, method: str, left: bool) -> ChannelError:
    """A refusal of ours after a change had been sent says nothing of the change itself."""
    if left and method not in READING and not isinstance(error, Uncertain):
        return Uncertain(error.detail)
    return error


def _name_of(error: Exception, method: str, host: str, left: bool) -> ChannelError:
    """The contract's name for trouble on the way; the library's own words stay out (secrets)."""
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return Refused(Reason.ADDRESS_NOT_ALLOWED, f"{host} cannot be asked: {kind}")
    if not left:
        return TryLater(f"{host} was not reached: {kind}")
    if isinstance(error, DecodeError):
        return unclear(method, f"{host} answered something wrongly packed")
    return unclear(method, f"{host} gave no whole answer: {kind}")


class _Kept(threading.local):
    def __init__(self) -> None:
        self.sessions: dict[frozenset[str], GuardedSession] = {}


_kept = _Kept()


def _session_for(connection: Connection, method: str) -> GuardedSession:
    """The thread's own session for reading; for a change a fresh one.

    A kept connection may have been closed by the other end meanwhile, and then nobody can tell
    whether a change had been received; a fresh connection does not have that doubt.
    """
    if method not in READING:
        return GuardedSession(connection)
    key = connection.allowed_private_hosts
    if key not in _kept.sessions:
        _kept.sessions[key] = GuardedSession(connection)
    return _kept.sessions[key]


def ask(
    connection: Connection,
    method: str,
    url: str,
    headers: Mapping[str, str],
    params: Mapping[str, str | int] | None,
    json: object | None,
    data: Mapping[str, str] | bytes | None,
    auth: tuple[str, str] | None,
    max_bytes: int,
) -> Answer:
    """One request, no redirects; see `web_requests.request`."""
    session = _session_for(connection, method)
    session.max_bytes = max_bytes
    login = None
    if auth is not None:
        login = requests.auth.HTTPBasicAuth(auth[0].encode(), auth[1].encode())
    try:
        response = session.request(
            method,
            url,
            headers=dict(headers),
            params=params,
            json=json,
            data=data,
            auth=login,
        )
    except (
        requests.RequestException,
        ValueError,
    ) as error:  # never prepared, so never sent
        raise _name_of(error, method, host_of(url), left=False) from None
    finally:
        if method not in READING:
            session.close()
    lower = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, lower, response.content, response.url, method)
