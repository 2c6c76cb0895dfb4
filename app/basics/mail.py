"""Hands one letter to the city's mail server (SMTP, RFC 5321), at most once.

What may go wrong has three names. `NotNow`: the letter certainly did not go, try later.
`Refused`: the server will not have this letter, ever. `MayHaveLeft`: the server had all of it and
said nothing; whoever sends it again risks that it comes twice.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from urllib.parse import parse_qs, unquote, urlsplit

PATIENCE = 15
"""Seconds that the server may be silent before we give up."""
SMTP_PORT, SMTPS_PORT = 25, 465
LONGEST_ADDRESS, LONGEST_LOCAL = 254, 64  # RFC 5321, 4.5.3.1

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")


class MailError(Exception):
    """A letter did not certainly reach the server; `why` is a short word for what stood in the way.

    One of: unreachable, no_tls, sign_in, sender, recipient, busy, refused, silent.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotNow(MailError):
    """The letter did not go; it may be tried again later."""


class Refused(MailError):
    """The server will not have this letter (or its recipient), also not later."""


class MayHaveLeft(MailError):
    """The server had the whole letter and gave no answer."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in. The password is shown nowhere."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str
    """'all': from the first byte; 'starttls': before anything is said; '': none."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: one recipient, plain text. `change_at` is where the recipient turns it off."""

    to: str
    subject: str
    body: str
    change_at: str


def is_one_address(text: str) -> bool:
    """Whether this is one plain mail address: no list, no name, no line break."""
    local, _, _domain = text.partition("@")
    fits = len(text) <= LONGEST_ADDRESS and len(local) <= LONGEST_LOCAL
    return fits and _ADDRESS.fullmatch(text) is not None


def server_at(address: str) -> MailServer:
    """The server that an address names: smtp://user:password@host:port, or smtps://.

    STARTTLS is demanded with smtp:// unless the host is this machine; ?starttls=nej does without,
    ?starttls=ja demands it here, too. Raises ValueError with a sentence that shows no secret.
    """
    parts = urlsplit(address)
    wanted = "ska se ut som smtp://användare:lösenord@dator:587"
    try:
        port = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(wanted)
    asked = parse_qs(parts.query, keep_blank_values=True)
    starttls = asked.pop("starttls", [""])[0]
    if asked or starttls not in ("", "ja", "nej") or parts.fragment:
        raise ValueError("efter frågetecknet får bara starttls=ja eller starttls=nej stå")
    if parts.scheme == "smtps":
        tls = "all"
    else:
        here = _LOOPBACK.fullmatch(parts.hostname) is not None
        tls = "starttls" if starttls == "ja" or (starttls == "" and not here) else ""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    usual = SMTPS_PORT if tls == "all" else SMTP_PORT
    return MailServer(parts.hostname, port or usual, user, password, tls)


def message(letter: Letter, *, sender: str, city: str, now: datetime) -> EmailMessage:
    """The letter with its headers. Raises ValueError when a field holds a line break or an address
    is not one plain address: so no field can bring a header or a recipient of its own."""
    if not is_one_address(letter.to) or not is_one_address(sender):
        raise ValueError("not one mail address")
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(f"Växeln, {city}", addr_spec=sender)
    made["To"] = Address(addr_spec=letter.to)
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = make_msgid(domain=domain_of(sender))
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answer to this
    made["X-Auto-Response-Suppress"] = "All"  # the same, as Exchange has it
    made["List-Unsubscribe"] = f"<{letter.change_at}>"
    made.set_content(letter.body, charset="utf-8", cte="quoted-printable")
    return made


def domain_of(address: str) -> str:
    """What stands after the @."""
    return address.rpartition("@")[2]


def hand_in(server: MailServer, letter: Letter, *, sender: str, city: str, now: datetime) -> None:
    """Give the server the letter; coming back means that it has it.

    Raises `NotNow`, `Refused`, `MayHaveLeft`, and ValueError as `message` does.
    """
    made = message(letter, sender=sender, city=city, now=now)
    with _trouble_named(), _open(server, domain_of(sender)) as smtp:
        _say(smtp.mail(sender), "sender")
        _say(smtp.rcpt(letter.to), "recipient")
        _say(smtp.docmd("DATA"), "refused", good=354)
        _give(smtp, made.as_bytes(policy=SMTP))


def _give(smtp: smtplib.SMTP, text: bytes) -> None:
    """The letter itself, and the server's word for it (RFC 5321, 4.1.1.4 and 4.5.2)."""
    lines = re.sub(rb"(?m)^\.", b"..", text)
    try:
        smtp.send(lines + b".\r\n")
        answer = smtp.getreply()
    except (OSError, smtplib.SMTPServerDisconnected):
        raise MayHaveLeft("silent") from None
    _say(answer, "refused")


def _say(answer: tuple[int, bytes], what: str, *, good: int = 250) -> None:
    """Make of the server's answer what it means: 4xx later, 5xx never (the sender is a setting)."""
    code = answer[0]
    if code == good or (good == 250 and code == 251):
        return
    if 500 <= code < 600 and what != "sender":
        raise Refused(what)
    raise NotNow("sender" if what == "sender" else "busy")


@contextmanager
def _open(server: MailServer, name: str) -> Iterator[smtplib.SMTP]:
    """A connection that is as safe as the server's address says, and signed in."""
    if server.tls == "all":
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, name, timeout=PATIENCE, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, name, timeout=PATIENCE)
    try:
        smtp.ehlo()
        if server.tls == "starttls":
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
    finally:
        smtp.close()


@contextmanager
def _trouble_named() -> Iterator[None]:
    """What the library says before the letter is given, in our words; nothing has gone then.

    No word of the server is kept: it may name the recipient.
    """
    try:
        yield
    except MailError:
        raise
    except ssl.SSLError:
        raise NotNow("no_tls") from None
    except (smtplib.SMTPAuthenticationError, UnicodeError):
        raise NotNow("sign_in") from None
    except smtplib.SMTPNotSupportedError as error:
        raise NotNow("no_tls" if "STARTTLS" in str(error) else "sign_in") from None
    except smtplib.SMTPResponseException as error:
        raise NotNow("no_tls" if error.smtp_code == 454 else "busy") from None
    except (OSError, smtplib.SMTPException, socket.gaierror):
        raise NotNow("unreachable") from None
