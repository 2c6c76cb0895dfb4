"""The policy in words: each rule, what Växeln does about it, the reasons for hiding."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.people.rights import Act


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, the text unless the city has its own, how hard it is, what Växeln does.

    `level`: 'stop' (cannot be done), 'warn' (can be done all the same) or 'tip'.
    """

    title: LazyString
    text: LazyString
    level: str
    does: LazyString


RULES: dict[str, Rule] = {
    "person": Rule(
        _l("En människa bakom varje svar"),
        _l("Inget svar skrivs eller publiceras av en maskin. Den som svarar står för svaret."),
        "stop",
        _l(
            "Växeln saknar funktion för automatiska svar. Databasen tar inte emot ett svar utan"
            " namnet på den som tryckte och texten som den personen såg."
        ),
    ),
    "approval": Rule(
        _l("Förvaltningschefen godkänner"),
        _l("Varje konto har ett skriftligt godkännande, en ägare och ett syfte."),
        "stop",
        _l(
            "Ett konto utan godkännande läses inte och kan inte svara. Växeln säger till 60, 30 och"
            " 7 dagar innan det går ut."
        ),
    ),
    "signature": Rule(
        _l("Vi skriver under med förnamn"),
        _l("Den som svarar skriver sitt förnamn och sin avdelning."),
        "stop",
        _l("Underskriften läggs till av sig själv under varje svar."),
    ),
    "tone": Rule(
        _l("Klarspråk och god ton"),
        _l("Korta meningar, inga förkortningar, tacka först, lova bara det du vet."),
        "tip",
        _l("Tips under svarsrutan. Texten skrivs aldrig om åt dig."),
    ),
    "one_day": Rule(
        _l("Svar inom en arbetsdag"),
        _l("Den som frågar ska få ett första svar senast nästa arbetsdag."),
        "warn",
        _l("Klockan syns på varje ärende."),
    ),
    "hours": Rule(
        _l("Vi svarar på kontorstid"),
        _l("Öppna svar ges på vardagar. Det går att svara på andra tider när det behövs."),
        "tip",
        _l("En rad under svarsrutan säger till utanför de här tiderna. Du kan skicka ändå."),
    ),
    "seldom": Rule(
        _l("Vi skriver sällan"),
        _l("Vi gör få egna inlägg och skriver mest när någon har frågat."),
        "tip",
        _l(
            "Växeln svarar men gör aldrig egna inlägg. Här räknas stadens inlägg per konto och"
            " vecka, så att ni ser hur det går."
        ),
    ),
    "personal_data": Rule(
        _l("Inga personuppgifter i öppna svar"),
        _l("Be aldrig någon skriva personnummer, hälsa eller adress öppet. Led till telefon."),
        "stop",
        _l("Personnummer stoppar svaret tills du har angett ett skäl. Annat ger en varning."),
    ),
    "hiding": Rule(
        _l("Vi döljer bara det lagen kräver"),
        _l("Kritik, ilska, svordomar och fel i sak får stå kvar. Då svarar vi, eller låter bli."),
        "stop",
        _l(
            "Skäl ur en fast lista krävs. En kopia med kontrollsumma sparas innan kommentaren"
            " döljs, och kan inte ändras."
        ),
    ),
    "blocking": Rule(
        _l("Blockering är undantaget"),
        _l("Bara en chef får besluta om det, med skäl, slutdatum och en dag för omprövning."),
        "stop",
        _l("Ingen kan blockera flera på en gång eller hämta en lista från någon annan."),
    ),
    "election": Rule(
        _l("Neutrala inför val"),
        _l("Inför val svarar vi på sakfrågor och går aldrig in i partiernas debatt."),
        "tip",
        _l("Under valperioden står en påminnelse under svarsrutan."),
    ),
    "records": Rule(
        _l("Allt är allmän handling"),
        _l("Frågor, svar och interna anteckningar sparas och kan begäras ut."),
        "stop",
        _l("Inget som har tagits emot eller skickats försvinner för att någon döljer det."),
    ),
}

HIDE_REASONS: dict[str, tuple[LazyString, LazyString]] = {
    "hot": (_l("Olaga hot"), _l("Ett uppenbart hot mot någon.")),
    "integritetsintrång": (
        _l("Olaga integritetsintrång"),
        _l("Bild eller uppgift som kränker någons privatliv, till exempel en nakenbild."),
    ),
    "uppvigling": (_l("Uppvigling"), _l("Uppmaning till brott.")),
    "hets": (_l("Hets mot folkgrupp"), _l("Hot mot eller missaktning för en grupp.")),
    "barnpornografi": (
        _l("Barnpornografi"),
        _l("Titta inte, spara inte och sprid inte. Ring din chef och polisen på 114 14 genast."),
    ),
    "våldsskildring": (_l("Olaga våldsskildring"), _l("Närgånget våld i bild eller film.")),
    "terror": (_l("Terroristbrott"), _l("Uppmaning till eller beröm av terroristbrott.")),
    "upphovsrätt": (
        _l("Intrång i upphovsrätt"),
        _l("Någon annans bild, film eller text, uppenbart utan lov."),
    ),
    "förtal": (_l("Förtal"), _l("Uppgift om en person som utsätter den för andras missaktning.")),
    "sekretess": (_l("Sekretess"), _l("Uppgift som omfattas av sekretess hos kommunen.")),
    "personuppgifter": (
        _l("Personuppgifter"),
        _l("Personnummer, hälsa eller annat om en person som inte hör hemma öppet."),
    ),
    "skräppost": (_l("Skräppost eller reklam"), _l("Utskick som inte hör till inlägget.")),
    "upprepning": (
        _l("Ovidkommande upprepning"),
        _l("Samma text om och om igen, utan att höra till inlägget. Kritik är aldrig det."),
    ),
}
"""What may be hidden: its name, and what it means. None of it is criticism."""

IN_LAW = (
    "hot", "integritetsintrång", "uppvigling", "hets", "barnpornografi", "våldsskildring",
    "terror", "upphovsrätt",
)  # fmt: skip
"""Those that 5 § of the Act on bulletin boards (1998:112) names; the others rest on other rules."""

WORD_TO_WRITER = (
    "Hej! Vi har dolt din kommentar här. Skälet är: %(reason)s. Du är välkommen att skriva igen"
    " utan det. Tycker du att vi har gjort fel? Svara här, så tittar en kollega på det."
)
"""What the writer of a hidden comment may be told: a person changes it and presses send."""
REASON_TO_WRITER = {
    "hot": "den kan läsas som ett hot",
    "integritetsintrång": "den visar något ur en annan människas privatliv",
    "uppvigling": "den kan läsas som en uppmaning till brott",
    "hets": "den kan läsas som hets mot en grupp",
    "våldsskildring": "den visar grovt våld",
    "terror": "den kan läsas som beröm av eller uppmaning till terror",
    "upphovsrätt": "den använder någon annans verk",
    "förtal": "den pekar ut en person",
    "sekretess": "den har uppgifter som är hemliga hos oss",
    "personuppgifter": "den har personuppgifter som inte bör stå öppet",
    "skräppost": "den hör inte till inlägget",
    "upprepning": "samma text står redan på flera ställen utan att höra till inlägget",
}
SOME_REASON = "den får inte stå här enligt lag"

BAD_BLOCK: dict[str, LazyString] = {
    "reason": _l("Välj ett skäl ur listan."),
    "words": _l("Skriv vad som har hänt, så att någon annan kan pröva beslutet."),
    "end": _l("Slutdatumet ska ligga framåt, högst ett år bort."),
    "review": _l("Omprövningen ska ligga framåt, högst tre månader bort och inte efter slutet."),
    "nobody": _l("Vi vet inte vem som har skrivit, så det finns ingen att blockera."),
    "already": _l("Personen är redan blockerad. Se listan över blockerade."),
}

BAD_POLICY: dict[str, LazyString] = {
    "opens": _l("Skriv ett klockslag, till exempel 08:00."),
    "closes": _l("Skriv ett klockslag som är senare än det första, till exempel 16:30."),
    "posts_a_week": _l("Skriv ett antal från 0 till 100."),
    "election_from": _l("Skriv ett datum, till exempel 2026-06-01."),
    "election_to": _l("Skriv både första och sista dagen, i den ordningen."),
}
"""Why a version of the policy cannot be kept, by field."""

MAY: dict[Act, LazyString] = {
    Act.READ_CASES: _l("Läsa ärenden"),
    Act.ANSWER: _l("Svara"),
    Act.MODERATE: _l("Dölja och visa kommentarer"),
    Act.BLOCK_PEOPLE: _l("Blockera en person"),
    Act.CHANGE_TEMPLATES: _l("Ändra svarsmallar"),
    Act.CHANGE_ACCOUNTS: _l("Ansluta konton och skriva in godkännanden"),
    Act.CHANGE_POLICY: _l("Ändra policyn"),
    Act.DECLARE_INCIDENT: _l("Sätta en kanal i läsläge"),
    Act.MANAGE_STAFF: _l("Ge och ta bort tillgång"),
}
"""Who may do what: the acts that the policy's page tells of, in this order."""

FILE_COLUMNS: tuple[tuple[str, LazyString], ...] = (
    ("channel", _l("Kanal")),
    ("name", _l("Konto")),
    ("url", _l("Adress")),
    ("owner", _l("Ägare")),
    ("purpose", _l("Syfte")),
    ("contact", _l("Ansvarig")),
    ("watched", _l("Bevakas")),
    ("approved_by", _l("Godkänt av")),
    ("approved_on", _l("Godkänt den")),
    ("valid_until", _l("Gäller till och med")),
    ("decision", _l("Beslutets nummer")),
    ("responsible", _l("Ansvariga personer")),
    ("stand_ins", _l("Ersättare")),
)
"""The register's columns, in files and on the page."""
NOT_PUBLIC = frozenset({"responsible", "stand_ins", "approved_by"})
"""Columns that name persons: not in the published copy."""
