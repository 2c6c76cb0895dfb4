"""What staff read about letters that did not leave."""

from datetime import datetime

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.inbox.letter_box import LOST, OUR_FAULT
from app.reports.health import mail_trouble

WHY: dict[str, LazyString] = {
    "unreachable": _l("mejlservern svarar inte"),
    "no_tls": _l("mejlservern har ingen säker förbindelse att lita på (TLS)"),
    "sign_in": _l("mejlservern godtar inte inloggningen"),
    "sender": _l("mejlservern godtar inte avsändaren (MAIL_FROM)"),
    "recipient": _l("mottagarens adress finns inte eller tar inte emot"),
    "busy": _l("mejlservern bad oss komma tillbaka senare"),
    "refused": _l("mejlservern ville inte ha brevet"),
    "silent": _l("mejlservern tystnade när den hade brevet, så det kan ha kommit fram"),
    LOST: _l("programmet stannade mitt i, så brevet kan ha kommit fram"),
    OUR_FAULT: _l("fel hos oss, se loggen"),
}
"""What stood in the way of a letter, by the words in `Mail.error`."""

BAD_EMAIL: dict[str, LazyString] = {
    "not_one": _l("Skriv en enda mejladress, som namn@kommunen.se."),
    "missing": _l("Skriv den mejladress som breven ska gå till."),
}
"""Why a mail address cannot be used."""


def why_not(word: str) -> str:
    """What stood in the way, in words."""
    return str(WHY.get(word, WHY[OUR_FAULT]))


def mail_fault(now: datetime) -> str:
    """A sentence when letters do not leave, else ''."""
    word = mail_trouble(now)
    return gettext("Brev går inte iväg: %(why)s.", why=why_not(word)) if word else ""
