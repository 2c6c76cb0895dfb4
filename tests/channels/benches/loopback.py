"""A small web server on loopback that a fake platform answers through, and that can break."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.channels.practice.standins.wire import Asked, Reply, heard

BREAKS = (
    "429",
    "429_timed",
    "500",
    "502",
    "503",
    "503_timed",
    "silent",
    "cut_body",
    "cut_connection",
    "html",
)
RETRY_AFTER = 90


class Loopback:
    """Serves `answer` on 127.0.0.1; `asked` is everything that arrived."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.broken: tuple[str, str, bool] | None = None
        self.muddled = False
        """Lists come backwards, and with everything in them twice."""
        self.lock = threading.RLock()
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

            def log_message(self, *_args: object) -> None:
                pass

            def _serve(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 - their names

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    def break_in(self, way: str, *, on: str = "all", after_acting: bool = False) -> None:
        """From now on fail this way on `reads`, `changes` or `all`; first acting, if so asked."""
        assert way in BREAKS, way
        self.broken = (way, on, after_acting)

    def mend(self) -> None:
        """Answer as usual again."""
        self.broken = None

    def close(self) -> None:
        """Stop serving and let the port go."""
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        asked = heard(handler)
        with self.lock:
            self.asked.append(asked)
            way = self._way_for(asked)
            reply = self.answer(asked) if way is None or (self.broken or ("", "", 0))[2] else None
        try:
            self._send(handler, reply, way)
        except OSError:
            handler.close_connection = True

    def _way_for(self, asked: Asked) -> str | None:
        if self.broken is None:
            return None
        way, on, _after = self.broken
        kind = "reads" if asked.method in ("GET", "HEAD") else "changes"
        return way if on in ("all", kind) else None

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply | None, way: str | None) -> None:
        if way == "silent":
            self.closing.wait(3)
        if way in ("silent", "cut_connection"):
            handler.close_connection = True
            return
        if way == "cut_body":
            reply = Reply(200, b'{"id": 1', {"Content-Type": "application/json"}, promised=500)
        elif way == "html":
            reply = Reply(200, b"<!doctype html><title>Hej</title>", {"Content-Type": "text/html"})
        elif way is not None:
            status = int(way.removesuffix("_timed"))
            headers = {"Content-Type": "text/html"}
            if way.endswith("_timed"):
                headers["Retry-After"] = str(RETRY_AFTER)
            reply = Reply(status, b"<h1>Fel</h1>", headers)
        assert reply is not None
        self._write(handler, muddle(reply) if self.muddled and handler.command == "GET" else reply)

    def _write(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        promised = len(reply.body) if reply.promised is None else reply.promised
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        if reply.promised is not None:
            handler.close_connection = True
        if handler.command == "HEAD":
            return
        if not reply.pauses:
            handler.wfile.write(reply.body)
            return
        for place in range(len(reply.body)):
            handler.wfile.write(reply.body[place : place + 1])
            handler.wfile.flush()
            if self.closing.is_set():
                return
            time.sleep(reply.pauses)


def muddle(reply: Reply) -> Reply:
    """The same answer with its list backwards and everything in it twice (JSON or Atom)."""
    if b"<feed" in reply.body:
        entries = re.findall(rb"<entry>.*?</entry>", reply.body, re.DOTALL)
        rest = re.sub(rb"<entry>.*</entry>", b"", reply.body, flags=re.DOTALL)
        twice = b"".join([*entries[::-1], *entries])
        return replace(reply, body=rest.replace(b"</feed>", twice + b"</feed>"))
    try:
        said = json.loads(reply.body)
    except ValueError:
        return reply
    if isinstance(said, list):
        said = [*said[::-1], *said]
    elif isinstance(said, dict):
        lists = {key: one for key, one in said.items() if isinstance(one, list)}
        said |= {key: [*one[::-1], *one] for key, one in lists.items() if key in ("data", "items")}
    return replace(reply, body=json.dumps(said).encode())
