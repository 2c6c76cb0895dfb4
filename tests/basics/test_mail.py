"""One letter to a mail server: a real Postfix where it can, a bare socket where none misbehaves so."""

import socket
from datetime import UTC, datetime

import pytest

from app.basics.mail import (
    Letter,
    MailServer,
    MayHaveLeft,
    NotNow,
    Refused,
    hand_in,
    is_one_address,
    message,
    server_at,
)
from config import BadSetting, read_settings
from tests.mailbox import a_mailbox
from tests.servers.fixtures import MailServer as RealServer

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
US = "kontakt@example.test"
LETTER = Letter(
    "petra@gata.test", "Växeln: nytt ärende LA-2026-17", ".punkt först\nåäö\n", "https://v.test/me"
)


def send(server: MailServer, letter: Letter = LETTER) -> None:
    """Hand the letter in, from us."""
    hand_in(server, letter, sender=US, city="Landskrona stad", now=NOW)


@pytest.fixture
def trusted(mail_server: RealServer, monkeypatch: pytest.MonkeyPatch) -> RealServer:
    """The real server, whose certificate this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", mail_server.ca_file)
    return mail_server


def submission(real: RealServer, *, scheme: str = "smtp", password: str = "") -> MailServer:
    """The real server's address for those who sign in."""
    user = real.user.replace("@", "%40")
    port = real.smtps_port if scheme == "smtps" else real.submission_port
    query = "" if scheme == "smtps" else "?starttls=ja"
    return server_at(f"{scheme}://{user}:{password or real.password}@127.0.0.1:{port}{query}")


# --- What is no letter ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", "petra", "petra@", "@gata.test", "petra@gata", "a@b.test, c@d.test", "a@b.test;c@d.test",
        "Petra <petra@gata.test>", "petra@gata.test\nBcc: a@b.test", "petra@gata.test\r\n",
        "petra @gata.test", "pe..tra@gata.test", ".petra@gata.test", "petra@-gata.test",
        "åsa@gata.test", "petra@gata.test\x00", f"{'a' * 65}@gata.test", f"a@{'b' * 250}.test",
        '"a b"@gata.test', "<petra@gata.test>", "petra@[127.0.0.1]",
    ],
)  # fmt: skip
def test_what_is_not_one_plain_address_is_none(text: str) -> None:
    """A list, a name, a line break or anything odd is no address, and no letter can be made to it."""
    assert not is_one_address(text)
    with pytest.raises(ValueError, match="not one mail address"):
        message(Letter(text, "x", "x", "https://v.test"), sender=US, city="L", now=NOW)
    with pytest.raises(ValueError, match="not one mail address"):
        message(LETTER, sender=text, city="L", now=NOW)


@pytest.mark.parametrize(
    "nasty", ["x\nBcc: a@b.test", "x\r\nBcc: a@b.test", "x\r\n\r\nBody", "x\rBcc: a"]
)
def test_no_field_brings_a_header_of_its_own(nasty: str) -> None:
    """A line break in subject, city or link makes no letter at all."""
    for letter, city in (
        (Letter("a@b.test", nasty, "x", "https://v.test"), "L"),
        (Letter("a@b.test", "x", "x", f"https://v.test/{nasty}"), "L"),
        (LETTER, nasty),
    ):
        with pytest.raises(ValueError, match=r"(?i)linefeed|CR or LF|carriage"):
            message(letter, sender=US, city=city, now=NOW)


def test_a_letter_says_that_a_machine_wrote_it_and_where_to_turn_it_off() -> None:
    """Date, Message-ID of our own domain, Auto-Submitted and the way to turn it off are there."""
    made = message(LETTER, sender=US, city='Lands"krona, <stad>', now=NOW)
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["List-Unsubscribe"] == "<https://v.test/me>"
    assert made["Message-ID"].endswith("@example.test>")
    assert made["Date"].datetime == NOW
    assert [one.addr_spec for one in made["From"].addresses] == [US]
    assert [one.addr_spec for one in made["To"].addresses] == [LETTER.to]
    assert made.get_content_type() == "text/plain"
    made.as_bytes().decode("ascii")


# --- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"SMTP_URL": "mailto:a:hemlis@b"}, "SMTP_URL går inte"),
        ({"SMTP_URL": "smtp://a:hemlis@b:99999"}, "SMTP_URL går inte"),
        ({"SMTP_URL": "smtp://a:hemlis@b/hemlis"}, "SMTP_URL går inte"),
        ({"SMTP_URL": "smtp://a:hemlis@b?starttls=kanske"}, "starttls=ja"),
        ({"SMTP_URL": "smtp://a:hemlis@b"}, "MAIL_FROM behövs"),
        ({"SMTP_URL": "smtp://a:hemlis@b", "MAIL_FROM": "a@b.test"}, "PUBLIC_URL behövs"),
        ({"MAIL_FROM": "Staden <a@b.test>"}, "en enda mejladress"),
        ({"MAIL_FROM": "a@b.test\nBcc: c@d.test"}, "en enda mejladress"),
        ({"PUBLIC_URL": "vaxeln.test"}, "https://"),
        ({"PUBLIC_URL": "https://v.test>\nBcc: a"}, "https://"),
    ],
)
def test_settings_for_mail_that_cannot_be_used_are_told(settings: dict[str, str], why: str) -> None:
    """The start stops with a sentence that says which, and never shows the password."""
    with pytest.raises(BadSetting, match=why) as told:
        read_settings(settings)
    assert "hemlis" not in str(told.value)


@pytest.mark.parametrize(
    ("address", "port", "tls"),
    [
        ("smtp://post.stad.test", 25, "starttls"),
        ("smtp://post.stad.test:587", 587, "starttls"),
        ("smtp://post.stad.test?starttls=nej", 25, ""),
        ("smtps://post.stad.test", 465, "all"),
        ("smtp://localhost", 25, ""),
        ("smtp://127.0.0.1:2525", 2525, ""),
        ("smtp://[::1]", 25, ""),
        ("smtp://localhost?starttls=ja", 25, "starttls"),
        ("smtp://127.0.0.1.stad.test", 25, "starttls"),
    ],
)
def test_a_safe_connection_is_demanded_but_on_this_machine(
    address: str, port: int, tls: str
) -> None:
    """STARTTLS is demanded of every other machine unless the setting says no."""
    assert read_settings({"SMTP_URL": address, "MAIL_FROM": US, "PUBLIC_URL": "https://v.test"})
    server = server_at(address)
    assert (server.port, server.tls) == (port, tls)


def test_a_password_is_shown_nowhere() -> None:
    """Signs in the password are read as they were meant, and it stands in no log of the server."""
    server = server_at("smtp://kontakt%40stad.test:p%40ss%3Aord@post.stad.test")
    assert (server.user, server.password) == ("kontakt@stad.test", "p@ss:ord")
    assert "p@ss" not in repr(server)


# --- A real server --------------------------------------------------------------------------------


@pytest.mark.xdist_group("mail")
class TestRealServer:
    """Postfix."""

    @pytest.mark.parametrize("scheme", ["smtp", "smtps"])
    def test_a_letter_arrives_over_tls_with_a_sign_in(
        self, trusted: RealServer, scheme: str
    ) -> None:
        """The letter is in the mailbox letter by letter, with STARTTLS and with TLS throughout."""
        send(submission(trusted, scheme=scheme))
        got = trusted.newest(LETTER.to)
        assert got["Subject"] == LETTER.subject
        assert got["From"] == '"Växeln, Landskrona stad" <kontakt@example.test>'
        assert got.get_content().replace("\r\n", "\n").rstrip() == LETTER.body.rstrip()
        assert any("ESMTPSA" in one for one in got.get_all("Received"))  # RFC 3848: TLS, signed in

    @pytest.mark.parametrize("scheme", ["smtp", "smtps"])
    def test_a_certificate_that_nobody_vouches_for_stops_the_letter(
        self, mail_server: RealServer, scheme: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither letter nor password goes to a server that cannot show who it is."""
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(NotNow) as told:
            send(submission(mail_server, scheme=scheme))
        assert told.value.why == "no_tls"
        assert mail_server.letters(LETTER.to, 0) == []

    def test_a_wrong_password_is_told_as_such(self, trusted: RealServer) -> None:
        """The server's no to the sign-in is a trouble with the sign-in, to try again later."""
        with pytest.raises(NotNow) as told:
            send(submission(trusted, password="fel"))
        assert told.value.why == "sign_in"

    def test_a_refused_recipient_is_refused_for_good(self, mail_server: RealServer) -> None:
        """An address that the server does not know is no reason to try again."""
        letter = Letter("ingen@example.test", "x", "x", "https://v.test")
        with pytest.raises(Refused) as told:
            send(server_at(f"smtp://127.0.0.1:{mail_server.smtp_port}"), letter)
        assert told.value.why == "recipient"

    def test_a_sender_that_is_not_ours_can_be_mended(self, trusted: RealServer) -> None:
        """The server's no to our own address is a setting's fault: the letter waits."""
        with pytest.raises((NotNow, Refused)) as told:
            hand_in(submission(trusted), LETTER, sender="annan@example.test", city="L", now=NOW)
        assert told.value.why in ("sender", "recipient")
        assert trusted.letters(LETTER.to, 0) == []


# --- Servers that misbehave -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "error", "why"),
    [
        ({"rcpt": b"450 senare"}, NotNow, "busy"),
        ({"rcpt": b"550 okand petra@gata.test"}, Refused, "recipient"),
        ({"mail": b"550 nej"}, NotNow, "sender"),
        ({"mail": b""}, NotNow, "unreachable"),
        ({"data": b"554 nej"}, Refused, "refused"),
        ({"data": b"421 stanger"}, NotNow, "busy"),
        ({"data": b""}, NotNow, "unreachable"),
        ({"end": b"552 for stort"}, Refused, "refused"),
        ({"end": b"451 senare"}, NotNow, "busy"),
        ({"end": b""}, MayHaveLeft, "silent"),
    ],
)
def test_each_answer_of_a_server_means_one_thing(
    words: dict[str, bytes], error: type[Exception], why: str
) -> None:
    """Only a server that falls silent with the whole letter in its hands leaves us unsure."""
    with a_mailbox(**words) as box, pytest.raises(error) as told:
        send(server_at(box.url))
    assert told.value.args == (why,)  # and no word of the server's


def test_a_server_without_tls_gets_nothing() -> None:
    """Where STARTTLS is demanded and not offered, neither letter nor recipient is said."""
    with a_mailbox() as box, pytest.raises(NotNow) as told:
        send(server_at(f"smtp://a:hemlis@127.0.0.1:{box.port}?starttls=ja"))
    assert told.value.why == "no_tls"
    assert set(box.heard) <= {"ehlo", "quit"}


def test_a_server_that_is_not_there_is_tried_later() -> None:
    """Nobody who listens: the letter has certainly not gone."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotNow) as told:
        send(server_at(f"smtp://127.0.0.1:{port}"))
    assert told.value.why == "unreachable"
