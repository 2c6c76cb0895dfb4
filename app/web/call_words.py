"""What staff read about calls, visits and marks, for each code of ours."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.inbox.calls import Wrong

WRONG: dict[str, tuple[str, LazyString]] = {
    Wrong.NO_WORDS: ("text", _l("Skriv vad samtalet gällde.")),
    Wrong.TOO_LONG: ("text", _l("Texten är för lång. Korta den till högst 10 000 tecken.")),
    Wrong.NUMBER_IN_WORDS: (
        "text",
        _l(
            "Det ser ut att stå ett nummer eller en mejladress i texten. Flytta det till fältet för"
            " att ringa upp: där är det skyddat och raderas. Ska det stå kvar, tryck en gång till."
        ),
    ),
    Wrong.NO_REACH: ("nummer", _l("Skriv numret eller mejladressen som ni ska nå invånaren på.")),
    Wrong.BAD_REACH: (
        "nummer",
        _l("Det ser inte ut som ett telefonnummer eller en mejladress. Kontrollera det."),
    ),
    Wrong.BAD_KEY: ("", _l("Formuläret var för gammalt. Tryck en gång till.")),
}
"""Which field is wrong, and what to do."""

KINDS = ("fråga", "felanmälan", "synpunkt", "beröm")
"""What a call can be said to be, the usual ones first."""

BY_PHONE = (
    _l("Ärendet kom per telefon eller besök."),
    _l("Det går inte att skriva ett svar härifrån. Ring upp, eller skriv en intern anteckning."),
)
