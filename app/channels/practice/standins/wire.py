"""What a stand-in hears and says: one HTTP request, one answer, and a small server between."""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Asked:
    """One request as it came; `query` holds the last value of each parameter, names lower-case
    in `headers` only."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def form(self) -> dict[str, str]:
        """The body as form fields, the last value of each."""
        text = self.body.decode("utf-8", "replace")
        return {key: values[-1] for key, values in parse_qs(text, keep_blank_values=True).items()}

    def below(self, prefix: str) -> "Asked":
        """The same request with the beginning of its path taken away."""
        path = self.path.removeprefix(prefix) or "/"
        return Asked(self.method, path, self.query, self.headers, self.body)


@dataclass(frozen=True)
class Reply:
    """One answer. `promised`: a Content-Length that is not the truth. `pauses`: send the body one
    byte at a time with this many seconds between."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    pauses: float = 0.0


def json_reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return Reply(status, json.dumps(body).encode(), {**kind, **(headers or {})})


def heard(handler: BaseHTTPRequestHandler) -> Asked:
    """The request that a handler has been given, body included."""
    length = int(handler.headers.get("Content-Length") or 0)
    parts = urlsplit(handler.path)
    return Asked(
        method=handler.command,
        path=parts.path,
        query={k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()},
        headers={name.lower(): value for name, value in handler.headers.items()},
        body=handler.rfile.read(min(length, LARGEST)),
    )


def say(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """Send an answer."""
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(reply.body)


def listener(port: int = 0) -> socket.socket:
    """A socket that listens on 127.0.0.1, on any free port if none is given."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(64)
    return made


def server(
    listens: socket.socket, answers: Mapping[str, Callable[[Asked], Reply]]
) -> ThreadingHTTPServer:
    """A server that gives every path prefix to its stand-in; not started yet."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = True  # an answer's head and body leave at once

        def log_message(self, *_args: object) -> None:
            pass

        def serve(self) -> None:
            asked = heard(self)
            for prefix, answer in answers.items():
                if asked.path == prefix or asked.path.startswith(prefix + "/"):
                    say(self, answer(asked.below(prefix)))
                    return
            say(self, json_reply(404, {"error": "no such stand-in"}))

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = serve  # noqa: N815 - their names

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    made.socket.close()
    made.socket, made.server_address = listens, listens.getsockname()
    made.daemon_threads = True
    return made


def in_background(made: ThreadingHTTPServer) -> threading.Thread:
    """Serve from a thread of its own until `made.shutdown()`."""
    thread = threading.Thread(
        target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    return thread
