"""What staff read about figures taken in from outside: the switchboard's calls, the website."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.basics.csv_rows import NotATable
from app.collecting.call_counts import LARGEST, MOST_CALLS, Bad, Why
from app.collecting.matomo import Trouble

WHY_NOT: dict[str, LazyString] = {
    Why.NO_DAY: _l("”%(said)s” går inte att läsa som ett datum. Skriv till exempel 2026-11-02"),
    Why.NOT_YET: _l("%(said)s är en dag som inte har varit"),
    Why.LONG_AGO: _l("%(said)s är för länge sedan. Kontrollera årtalet"),
    Why.NO_HOUR: _l("”%(said)s” går inte att läsa som en timme. Skriv till exempel 8 eller 08:00"),
    Why.NO_QUEUE: _l("kön eller avdelningen saknas"),
    Why.NO_CALLS: _l("”%(said)s” är inte ett helt antal"),
    Why.MANY_CALLS: _l("%(said)s samtal på en rad är för många för att vara rätt"),
    Why.TWICE: _l("samma dag, timme, kö och ärende står redan på rad %(said)s"),
    Why.DAY_AND_HOURS: _l(
        "dagen och kön har både timmar och hela dagen. Då räknas samtal två gånger"
    ),
    Why.WITH_AND_WITHOUT: _l(
        "dagen och kön har rader både med och utan ärende. Då räknas samtal två gånger"
    ),
    Why.NO_NETWORK: _l("nätverket saknas"),
    Why.NETWORK_TWICE: _l("”%(said)s” har redan en rad den dagen"),
}

COLUMNS: dict[str, LazyString] = {
    "day": _l("datum"),
    "queue": _l("kö eller avdelning"),
    "calls": _l("samtal"),
    "network": _l("nätverk"),
    "visits": _l("besök"),
}

FILES: dict[str, LazyString] = {
    "empty": _l("Filen är tom. Välj en annan fil."),
    "no_text": _l("Filen är inte en textfil. Spara kalkylbladet som CSV och välj den filen."),
    "too_long": _l("Filen är för stor. Dela den i mindre, högst en megabyte eller 20 000 rader."),
    "no_column": _l("Filen saknar en kolumn som heter ”%(column)s”. Kontrollera första raden."),
}

TROUBLES: dict[str, LazyString] = {
    Trouble.SIGN_IN: _l(
        "Matomo släpper inte in oss. Skapa en ny nyckel åt en användare som får se webbplatsen, och"
        " sätt den i MATOMO_TOKEN."
    ),
    Trouble.REFUSED: _l(
        "Matomo svarar med ett fel. Kontrollera MATOMO_SITE, och fråga den som sköter Matomo."
    ),
    Trouble.NO_ANSWER: _l(
        "Matomo svarar inte. Vi försöker igen i natt. Kontrollera MATOMO_URL om det fortsätter."
    ),
    Trouble.ADDRESS: _l(
        "Adressen i MATOMO_URL får inte hämtas från. Ligger Matomo i stadens eget nät ska datorns"
        " namn stå i MATOMO_PRIVATE_HOSTS."
    ),
    Trouble.NOT_UNDERSTOOD: _l(
        "Det som svarar på MATOMO_URL är inte Matomo, eller en version vi inte känner till."
        " Kontrollera adressen."
    ),
}
"""Why the website's visits could not be read, and what to do."""


def why_not(bad: Bad) -> str:
    """Why a line is passed over, with its number."""
    sentence = str(WHY_NOT[bad.why]) % {"said": bad.said}
    return gettext("Rad %(number)d: %(sentence)s.", number=bad.line, sentence=sentence)


def bad_file(error: NotATable) -> str:
    """Why nothing of a file can be read."""
    column = str(COLUMNS.get(error.missing, ""))
    return str(FILES[error.why]) % {"column": column}


__all__ = ["LARGEST", "MOST_CALLS", "TROUBLES", "bad_file", "why_not"]
