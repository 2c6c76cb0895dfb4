"""Every setting: name, default and one sentence. The environment is read here only."""

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parent


class BadSetting(Exception):
    """A setting cannot be used; the text says which, why, and what it may be."""


def _text(value: str) -> str:
    return value


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        wanted = f"ska vara ett tal mellan {least:g} och {most:g}"
        try:
            number = float(value.replace(",", "."))
        except ValueError:
            raise ValueError(wanted) from None
        if not least <= number <= most:
            raise ValueError(wanted)
        return number

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        wanted = f"ska vara ett heltal mellan {least} och {most}"
        try:
            number = int(value)
        except ValueError:
            raise ValueError(wanted) from None
        if not least <= number <= most:
            raise ValueError(wanted)
        return number

    return read


def _yes_or_no(value: str) -> bool:
    if value.lower() in ("1", "ja", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "nej", "false", "no", "off", ""):
        return False
    raise ValueError("ska vara ja eller nej")


def _words(value: str) -> tuple[str, ...]:
    return tuple(word for word in value.replace(",", " ").split() if word)


def _folder(value: str) -> Path:
    return Path(value).expanduser().resolve()


def _undo(value: str) -> int | None:
    if value in ("tills", "until", "manual"):
        return None
    if value not in ("0", "20", "60"):
        raise ValueError("ska vara 0, 20, 60 eller tills")
    return int(value)


def _language(value: str) -> str:
    if value not in ("sv", "en"):
        raise ValueError("ska vara sv eller en")
    return value


def _address(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("ska börja med https://")
    return value.rstrip("/")


def _mail_server(value: str) -> str:
    """An address of a mail server, as app/basics/mail.py reads it; here only its shape."""
    wanted = "ska se ut som smtp://användare:lösenord@dator:587"
    try:
        parts = urlsplit(value)
        known = parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        raise ValueError(wanted) from None
    if value and (parts.scheme not in ("smtp", "smtps") or not known or parts.path.strip("/")):
        raise ValueError(wanted)
    if parts.query not in ("", "starttls=ja", "starttls=nej") or parts.fragment:
        raise ValueError("efter frågetecknet får bara starttls=ja eller starttls=nej stå")
    return value


def _mail_address(value: str) -> str:
    local = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    if value and not re.fullmatch(rf"{local}(\.{local})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
        raise ValueError("ska vara en enda mejladress, utan namn")
    return value


def _own_address(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s<>\"?#]+", value):
        raise ValueError("ska se ut som https://vaxeln.example.se")
    return value.rstrip("/")


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"ska vara {' eller '.join(allowed)}")
        return value

    return read


ANSWERING_ROLES = ("customer_service", "handler", "manager", "communications")


def _roles(value: str) -> tuple[str, ...]:
    roles = _words(value)
    if not set(roles) <= set(ANSWERING_ROLES):
        raise ValueError(f"ska vara roller ur {', '.join(ANSWERING_ROLES)}, eller tomt")
    if set(roles) == set(ANSWERING_ROLES):
        raise ValueError("ska lämna minst en roll utanför: annars kan ingen godkänna")
    return roles


def _time_of_day(value: str) -> time | None:
    if not value:
        return None
    try:
        return time.fromisoformat(value.replace(".", ":").zfill(5))
    except ValueError:
        raise ValueError("ska vara ett klockslag som 04:30, eller tomt") from None


def _time_that_is(value: str) -> time:
    found = _time_of_day(value)
    if found is None:
        raise ValueError("ska vara ett klockslag som 03:20")
    return found


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(host.casefold() for host in _words(value))
    if not all(re.fullmatch(r"[\w-]+(\.[\w-]+)+", host) for host in hosts):
        raise ValueError("ska vara namn som www.landskrona.se, utan https:// och utan snedstreck")
    return hosts


def _perhaps_address(value: str) -> str:
    return _address(value) if value else ""


def _prices(value: str) -> str:
    for pair in value.split():
        name, _, price = pair.partition("=")
        if not name or float(price) < 0:
            raise ValueError("ska vara namn=pris med mellanslag emellan")
    return value


def _log_level(value: str) -> str:
    return _one_of("debug", "info", "warning", "error", "critical")(value.lower())


def _database(value: str) -> str:
    if value and not value.startswith(("postgresql://", "postgresql+psycopg://", "postgres://")):
        raise ValueError("ska vara en PostgreSQL-adress (postgresql://...) eller tom")
    return value


def _fernet_keys(value: str) -> tuple[str, ...]:
    keys = _words(value)
    for key in keys:
        try:
            length = len(base64.urlsafe_b64decode(key))
        except ValueError:
            length = 0
        if length != 32:
            raise ValueError("varje nyckel ska vara en Fernet-nyckel, 44 tecken lång")
    return keys


def _file(value: str) -> str:
    if value and not Path(value).expanduser().is_file():
        raise ValueError("filen finns inte")
    return str(Path(value).expanduser()) if value else ""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: how it is named in the environment and read from there."""

    name: str
    default: str
    read: Callable[[str], Any]
    sentence: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("HOST", "127.0.0.1", _text, "The address the web server listens on."),
    Setting("PORT", "8000", _whole(1, 65535), "The port the web server listens on."),
    Setting(
        "DATA_DIR",
        str(ROOT / "data"),
        _folder,
        "The folder for the SQLite file, the practice town and the keys made at first start.",
    ),
    Setting(
        "DATABASE_URL",
        "",
        _database,
        "A PostgreSQL address (postgresql://...); empty means an SQLite file in DATA_DIR.",
        secret=True,
    ),
    Setting(
        "SECRET_KEY",
        "",
        _text,
        "Signs cookies and forms; empty means a key made at first start and kept in DATA_DIR.",
        secret=True,
    ),
    Setting(
        "CREDENTIALS_KEYS",
        "",
        _fernet_keys,
        "Fernet keys that encrypt the accounts' credentials, newest first, older ones kept for"
        " reading; empty means a key made at first start and kept in DATA_DIR.",
        secret=True,
    ),
    Setting("CITY", "Landskrona stad", _text, "The municipality's name as residents see it."),
    Setting(
        "CONTACT",
        "kontakt@example.test",
        _text,
        "A mail address that platforms can write to; it is named in every request we make.",
    ),
    Setting(
        "SWITCHBOARD",
        "0418-47 00 00",
        _text,
        "The city's telephone number, as residents are shown the way to it.",
    ),
    Setting("CASE_PREFIX", "LA", _text, "The letters that begin every case's reference."),
    Setting("LANGUAGE", "sv", _language, "The language before anybody has chosen one: sv or en."),
    Setting(
        "HTTPS",
        "nej",
        _yes_or_no,
        "Yes when staff reach the pages by https: cookies then demand it.",
    ),
    Setting(
        "PROXIES", "0", _whole(0, 5), "How many trusted proxies stand in front of the web server."
    ),
    Setting("WEB_WORKERS", "2", _whole(1, 64), "How many web processes `flask start` begins."),
    Setting("WEB_THREADS", "4", _whole(1, 64), "How many threads each web process has."),
    Setting(
        "UNDO_SECONDS",
        "20",
        _undo,
        "How many seconds an answer can be taken back: 0, 20, 60, or tills (until pressed again).",
    ),
    Setting(
        "APPROVAL_ROLES",
        "",
        _roles,
        "Roles whose answers a second person publishes: customer_service, handler, manager,"
        " communications; empty: none.",
    ),
    Setting(
        "ROUTING_THRESHOLD",
        "0.5",
        _number(0, 1),
        "Below this certainty (0-1) a case is unsure and goes to a person instead of a department.",
    ),
    Setting(
        "POLL_FLOOR",
        "60",
        _number(1, 86400),
        "Seconds: a source is never read more often than this.",
    ),
    Setting(
        "POLL_CEILING", "900", _number(1, 86400), "Seconds: a source is never left unread longer."
    ),
    Setting(
        "LEASE_SECONDS",
        "120",
        _number(1, 3600),
        "Seconds a collector or deliverer holds what it took.",
    ),
    Setting(
        "BACKFILL_DAYS",
        "30",
        _number(0, 3650),
        "How many days back the first reading of a source goes.",
    ),
    Setting(
        "COLLECT_EVERY",
        "5",
        _number(0.2, 3600),
        "Seconds between two looks for sources that are due.",
    ),
    Setting(
        "DELIVER_EVERY",
        "2",
        _number(0.2, 3600),
        "Seconds between two looks for answers that are due.",
    ),
    Setting(
        "PRACTICE",
        "ja",
        _yes_or_no,
        "Whether the practice town starts when no account is connected.",
    ),
    Setting(
        "PRACTICE_SPEED",
        "normal",
        _one_of("still", "normal", "lively"),
        "How fast the practice town speaks: still, normal, lively.",
    ),
    Setting(
        "SIGN_IN_HOURS",
        "12",
        _number(0.1, 720),
        "Hours without activity until a person is signed out.",
    ),
    Setting(
        "SMTP_URL",
        "",
        _mail_server,
        "The city's mail server: smtp://user:password@host:587 (STARTTLS is demanded, except on"
        " this machine or with ?starttls=nej) or smtps://; empty means that no letters are sent.",
        secret=True,
    ),
    Setting("MAIL_FROM", "", _mail_address, "The one address that letters to staff come from."),
    Setting(
        "PUBLIC_URL",
        "",
        _own_address,
        "Where staff reach the pages (https://...), the beginning of every link in a letter.",
    ),
    Setting(
        "MAIL_EVERY",
        "30",
        _number(1, 3600),
        "Seconds between two looks for letters that are due.",
    ),
    Setting(
        "TALLY_EVERY",
        "60",
        _number(1, 3600),
        "Seconds between two looks at the ledger for the figures of response times.",
    ),
    Setting(
        "MODEL_PATH",
        "",
        _file,
        "The routing model's file; empty means the one taught by corrections, else set-up's.",
    ),
    Setting(
        "TRAIN_AT",
        "04:30",
        _time_of_day,
        "When the worker trains the model on new corrections (local time); empty: never.",
    ),
    Setting(
        "GOAL_SHARE",
        "80",
        _number(1, 100),
        "Percent of the questions that shall be answered in time: the line in the reports.",
    ),
    Setting(
        "X_API_URL", "https://api.x.com", _address, "Where X's interface is; a proxy can stand in."
    ),
    Setting(
        "X_FIELD_DIALECT",
        "tweet",
        _one_of("tweet", "post"),
        "Which names X's interface uses for its fields: tweet (older) or post (newer).",
    ),
    Setting(
        "X_MAX_WEIGHTED",
        "280",
        _whole(1, 25000),
        "How long a post on X may be, in X's own weighted characters.",
    ),
    Setting(
        "X_PRICES",
        "post_read=0.005 owned_read=0.001 user_read=0.010 post=0.015 post_with_link=0.200"
        " summoned_reply=0.010 delete=0.010 manage=0.005",
        _prices,
        "What X charges for each operation, in US dollars.",
    ),
    Setting(
        "GRAPH_API_URL",
        "https://graph.facebook.com",
        _address,
        "Where Facebook's interface is; a proxy can stand in.",
    ),
    Setting(
        "GRAPH_VERSION", "v26.0", _text, "The version of Facebook's interface, for example v26.0."
    ),
    Setting("META_APP_ID", "", _text, "The number of the city's app at Meta."),
    Setting(
        "META_APP_SECRET",
        "",
        _text,
        "The secret of the city's app at Meta; signs our calls and checks what Meta sends us.",
        secret=True,
    ),
    Setting(
        "META_VERIFY_TOKEN",
        "",
        _text,
        "The word that Meta must know when it asks whether the webhook is ours.",
        secret=True,
    ),
    Setting(
        "YOUTUBE_API_URL",
        "https://youtube.googleapis.com/youtube/v3",
        _address,
        "Where YouTube's interface is; a proxy can stand in.",
    ),
    Setting(
        "GOOGLE_TOKEN_URL",
        "https://oauth2.googleapis.com/token",
        _address,
        "Where Google renews a sign-in; a proxy can stand in.",
    ),
    Setting("GOOGLE_CLIENT_ID", "", _text, "The city's client at Google, for YouTube."),
    Setting(
        "GOOGLE_CLIENT_SECRET", "", _text, "The secret of the city's client at Google.", secret=True
    ),
    Setting(
        "YOUTUBE_DAILY_UNITS",
        "10000",
        _whole(1, 100_000_000),
        "How many units a day Google gives the city's project at YouTube.",
    ),
    Setting(
        "YOUTUBE_RESERVED_UNITS",
        "2000",
        _whole(0, 100_000_000),
        "How many of them are kept for answers (50 each): reading slows down and stops before.",
    ),
    Setting(
        "CALL_NUMBER_DAYS",
        "30",
        _whole(0, 3650),
        "Days after a case is closed until the number to call back at is erased.",
    ),
    Setting(
        "NIGHT_AT",
        "03:20",
        _time_that_is,
        "When the worker does what is done once a night (local time): numbers to call back at are"
        " erased, visits to the website are read.",
    ),
    Setting(
        "CITY_SITE",
        "",
        _hosts,
        "The city's own websites (www.landskrona.se, with a blank between several): links in"
        " answers to them can carry a campaign mark, where an account is set so.",
    ),
    Setting(
        "MATOMO_URL",
        "",
        _perhaps_address,
        "Where the city's Matomo is; empty: visits to the website come from files, or not at all.",
    ),
    Setting("MATOMO_SITE", "1", _whole(1, 1_000_000), "The website's number in Matomo."),
    Setting(
        "MATOMO_TOKEN",
        "",
        _text,
        "A token of a person in Matomo who may only look (view); it is sent in the body alone.",
        secret=True,
    ),
    Setting(
        "MATOMO_PRIVATE_HOSTS",
        "",
        _words,
        "Hosts in the city's own net that Matomo may be asked at; empty: it is on the open net.",
    ),
    Setting(
        "REGISTER_PUBLIC",
        "nej",
        _yes_or_no,
        "Whether anybody may read the register of accounts at /oppen-forteckning, without the names"
        " of staff.",
    ),
    Setting("DEVELOPMENT", "nej", _yes_or_no, "Shows the page of all components (/komponenter)."),
    Setting(
        "LOG_LEVEL",
        "info",
        _log_level,
        "How much is logged: debug, info, warning, error, critical.",
    ),
)


def read_settings(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """All settings by name, read from the environment (or from the mapping given).

    Raises `BadSetting` naming the first setting that cannot be used.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        given = environment.get(setting.name, setting.default)
        try:
            values[setting.name] = setting.read(given.strip())
        except ValueError as error:
            shown = "(hemligt)" if setting.secret else repr(given)
            raise BadSetting(
                f"Inställningen {setting.name} går inte att använda: {shown} – {error}."
            ) from None
    if values["POLL_CEILING"] < values["POLL_FLOOR"]:
        raise BadSetting("Inställningen POLL_CEILING ska vara minst lika stor som POLL_FLOOR.")
    for needed in ("MAIL_FROM", "PUBLIC_URL"):
        if values["SMTP_URL"] and not values[needed]:
            raise BadSetting(f"Inställningen {needed} behövs när SMTP_URL är satt.")
    return values


PLATFORM_SETTINGS = ("X_", "GRAPH_", "META_", "YOUTUBE_", "GOOGLE_")
"""How the names of the settings begin that channels are given."""


def platform_settings(values: Mapping[str, Any]) -> dict[str, str]:
    """Those of the settings that speak of platforms, as text by name."""
    return {
        setting.name: str(values[setting.name])
        for setting in SETTINGS
        if setting.name.startswith(PLATFORM_SETTINGS)
    }
