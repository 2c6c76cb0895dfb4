"""A mail server of a few lines on loopback: keeps what it gets, or answers as it is told."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast


@dataclass(frozen=True)
class Got:
    """A letter that has arrived."""

    to: str
    subject: str
    body: str


@dataclass
class Mailbox:
    """The server. `answers`: what it says to a command, `end` after a letter; b'' hangs up."""

    port: int
    answers: dict[str, bytes] = field(default_factory=dict)
    letters: list[Got] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, as the setting SMTP_URL has it."""
        return f"smtp://127.0.0.1:{self.port}"

    def talk(self, link: socket.socket) -> None:
        """One connection, from greeting to goodbye."""
        with suppress(OSError), link, link.makefile("rb") as lines:
            link.sendall(b"220 hej\r\n")
            for line in lines:
                word = line.split()[0].decode().lower()
                self.heard.append(word)
                said = self.answers.get(word, b"354 ge" if word == "data" else b"250 ja")
                if not said:
                    return
                link.sendall(said + b"\r\n")
                if said.startswith(b"354"):
                    text = b"".join(iter(lines.readline, b".\r\n"))
                    said = self.answers.get("end", b"250 ja")
                    if said.startswith(b"250"):
                        self.letters.append(_read(text))
                    if not said:
                        return
                    link.sendall(said + b"\r\n")


def _read(text: bytes) -> Got:
    made = cast(EmailMessage, message_from_bytes(text.replace(b"\r\n..", b"\r\n."), policy=default))
    return Got(made["To"], made["Subject"], made.get_content().replace("\r\n", "\n"))


@contextmanager
def a_mailbox(**answers: bytes) -> Iterator[Mailbox]:
    """A server that listens until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    box = Mailbox(listener.getsockname()[1], dict(answers))

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=box.talk, args=[listener.accept()[0]], daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)
