"""What staff read for each code of ours: states, reasons, lights, roles."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.channels.base import Reason
from app.models.answer import VANISHED
from app.models.case import CaseState, Outcome
from app.models.staff import Role
from app.reports.health import Light

VIEWS: dict[str, tuple[LazyString, str]] = {
    "mina": (_l("Mina"), "mina"),
    "otilldelade": (_l("Otilldelade"), "otilldelade"),
    "osakra": (_l("Osäkra"), "osakra"),
    "oppna": (_l("Alla öppna"), "alla"),
    "vantar": (_l("Väntar på invånaren"), "vantar"),
    "undanlagda": (_l("Undanlagda"), "arkiv"),
    "klara": (_l("Klara"), "klara"),
}
"""The lists: name and icon."""

FILTERS: dict[str, LazyString] = {
    "avdelning": _l("Avdelning"),
    "kanal": _l("Kanal"),
    "typ": _l("Typ"),
    "alder": _l("Har väntat"),
    "bradskar": _l("Brådskar"),
    "sprak": _l("Språk"),
    "konto": _l("Konto"),
    "handlaggare": _l("Handläggs av"),
}
"""What a list can be narrowed by, as it stands in its address."""

AGES: dict[str, LazyString] = {
    "1t": _l("mer än 1 timme"),
    "over": _l("mer än en arbetsdag (över tiden)"),
    "1d": _l("mer än 1 dygn"),
    "3d": _l("mer än 3 dygn"),
    "1v": _l("mer än 1 vecka"),
}

GROUPINGS: dict[str, LazyString] = {
    "ord": _l("Samma fråga"),
    "avdelning": _l("Avdelning"),
    "slag": _l("Typ"),
}
"""What the cases under a post are grouped by, as it stands in the address."""

MANY_ACTS: dict[str, LazyString] = {
    "koppla": _l("Koppla till avdelning"),
    "ta": _l("Tilldela mig"),
    "slapp": _l("Släpp"),
    "vanta": _l("Vänta på invånaren"),
    "klar": _l("Markera klar"),
    "undan": _l("Lägg undan"),
}
"""What can be done to many cases at once."""

ASIDE_TIMES: dict[str, LazyString] = {
    "timme": _l("i 1 timme"),
    "imorgon": _l("till i morgon"),
    "mandag": _l("till måndag"),
}

LEFT: dict[str, LazyString] = {
    "unseen": _l("Det är inte öppet för dig."),
    "changed": _l("Något har hänt i det sedan du valde det. Läs det först."),
    "no_use": _l("Det är klart eller står redan så."),
}
"""Why a case is left as it is when something is done to many."""

WHOSE: dict[str, LazyString] = {"jag": _l("mig"), "ingen": _l("ingen")}

ORDERS: dict[str, LazyString] = {
    "": _l("Minst tid kvar först"),
    "nyast": _l("Nyast först"),
    "aldst": _l("Äldst först"),
}

SURENESS: dict[str, LazyString] = {
    "sure": _l("säker"),
    "likely": _l("trolig"),
    "unsure": _l("osäker"),
    "moved": _l("flyttad"),
    "back": _l("lämnad tillbaka"),
}
"""How certain it is that a case lies with the right department."""

ROLES: dict[str, LazyString] = {
    Role.CUSTOMER_SERVICE: _l("kundtjänst"),
    Role.HANDLER: _l("handläggare"),
    Role.MANAGER: _l("chef"),
    Role.COMMUNICATIONS: _l("kommunikatör"),
    Role.ADMINISTRATOR: _l("administratör"),
}

STATES: dict[str, LazyString] = {
    CaseState.NEW: _l("Ny"),
    CaseState.ONGOING: _l("Pågår"),
    CaseState.WAITING: _l("Väntar på invånaren"),
    CaseState.ANSWERED: _l("Besvarad"),
    CaseState.REOPENED: _l("Återöppnad"),
    CaseState.CLOSED: _l("Klar"),
}

OUTCOMES: dict[str, LazyString] = {
    Outcome.ANSWERED: _l("Besvarat"),
    Outcome.REFERRED: _l("Hänvisat till någon annan"),
    Outcome.NO_ANSWER_NEEDED: _l("Inget svar behövs"),
    Outcome.DUPLICATE: _l("Dubblett"),
    Outcome.SPAM: _l("Skräppost"),
    Outcome.HISTORY: _l("Från tiden före anslutningen"),
}

OUTCOME_MEANS: dict[str, LazyString] = {
    Outcome.ANSWERED: _l("Invånaren har fått sitt svar. Räknas som besvarat."),
    Outcome.REFERRED: _l(
        "Invånaren har fått veta vart frågan ska. Räknas som hänvisat, till den du skriver."
    ),
    Outcome.NO_ANSWER_NEEDED: _l("Invånaren får inget svar. Räknas inte som en obesvarad fråga."),
    Outcome.DUPLICATE: _l("Invånaren får sitt svar i det andra ärendet. Saken räknas där."),
    Outcome.SPAM: _l(
        "Reklam eller bluff. Avsändaren får inget svar, och det räknas som skräppost."
    ),
}
"""What an outcome means for the resident and in the figures, in one line."""

REASON_NEEDED: dict[str, LazyString] = {
    Outcome.REFERRED: _l("Skriv till vem invånaren är hänvisad."),
    Outcome.NO_ANSWER_NEEDED: _l("Skriv kort varför inget svar behövs."),
    Outcome.DUPLICATE: _l("Välj eller skriv vilket ärende det är en dubblett av."),
    Outcome.HISTORY: _l("Välj hur ärendet slutade."),
}

KINDS: dict[str, tuple[LazyString, str]] = {
    "fråga": (_l("Fråga"), "fraga"),
    "synpunkt": (_l("Synpunkt"), "synpunkt"),
    "felanmälan": (_l("Felanmälan"), "felanmalan"),
    "beröm": (_l("Beröm"), "berom"),
    "övrigt": (_l("Övrigt"), "mer"),
}
"""What a message is: name and icon."""

AT_SOURCE: dict[str, LazyString] = {
    "held": _l("Väntar på granskning, syns inte för andra"),
    "hidden": _l("Dold för besökare"),
    "spam": _l("Markerad som skräppost på plattformen"),
    "removed": _l("Borttagen på plattformen"),
}

EVENTS: dict[str, LazyString] = {
    "case_opened": _l("Ärendet öppnades"),
    "case_reopened": _l("Invånaren skrev igen, ärendet öppnades på nytt"),
    "case_routed": _l("Systemet föreslog avdelning"),
    "case_unsure": _l("Systemet var osäkert på avdelningen"),
    "case_rerouted": _l("Kopplades om"),
    "case_handed_back": _l("Lämnades tillbaka: inte vår"),
    "case_taken": _l("Togs"),
    "case_released": _l("Släpptes"),
    "case_waiting": _l("Väntar på invånaren"),
    "case_closed": _l("Markerades som klart"),
    "case_answered_natively": _l("Staden svarade direkt på plattformen"),
    "case_merged": _l("Slogs ihop med ett annat ärende"),
    "case_unmerged": _l("Står för sig självt igen"),
    "case_split": _l("Delades upp"),
    "case_unsplit": _l("Det uppdelade lades tillbaka"),
    "case_snoozed": _l("Lades undan till"),
    "case_woken": _l("Invånaren skrev, ärendet togs fram igen"),
    "answer_put_forward": _l("Svaret lades fram för godkännande"),
    "answer_sent_back": _l("Svaret skickades tillbaka till författaren"),
    "answer_queued": _l("Svaret lämnades för publicering"),
    "answer_undone": _l("Svaret togs tillbaka"),
    "answer_sent": _l("Svaret kom fram"),
    "answer_postponed": _l("Plattformen bad oss vänta"),
    "answer_refused": _l("Plattformen tog inte emot svaret"),
    "answer_uncertain": _l("Osäkert om svaret kom fram"),
    "answer_settled": _l("Avgjordes av en person"),
    "message_edited": _l("Kommentaren ändrades på plattformen"),
    "message_removed": _l("Kommentaren togs bort på plattformen"),
    "message_status_changed": _l("Kommentaren fick ny status på plattformen"),
    "message_hidden": _l("Kommentaren doldes"),
    "message_shown": _l("Kommentaren visades"),
    "message_rejected": _l("Kommentaren avvisades"),
    "answer_deleted": _l("Svaret togs bort från plattformen"),
    "answer_vanished": _l("Svaret finns inte längre på plattformen"),
    "answer_seen_to": _l("Författaren har sett det"),
}
"""The events that stand in a conversation; others are only in the ledger."""

EVENTS_BY_PERSON: dict[str, LazyString] = {
    "case_reopened": _l("Öppnades igen"),
    "case_woken": _l("Togs fram igen"),
}
"""The same where a person did it and not the resident's words."""

EVENT_ICONS: dict[str, str] = {
    "case_snoozed": "natt",
    "case_woken": "natt",
    "case_closed": "klara",
    "case_reopened": "angra",
    "case_taken": "mina",
    "case_waiting": "vantar",
}
"""Signs beside events that have nothing to do with where a case lies."""

NOT_MERGED: dict[str, LazyString] = {
    "itself": _l("Ett ärende kan inte följa sig självt, och inte ett som redan följer det."),
    "follows": _l("Ärendet följer redan ett annat. Låt det stå för sig självt först."),
    "other_follows": _l("Det andra ärendet följer redan ett annat. Välj det som det följer."),
    "hidden": _l("Ett ärende som du inte får se följer detta. Be kundtjänst slå ihop dem."),
    "gone": _l("Ärendet har inga ord kvar, eller följer inte något annat längre."),
}
"""Why two cases cannot be joined, or parted, like this."""

NOT_SPLIT: dict[str, LazyString] = {
    "nothing": _l("Kryssa för minst en av invånarens kommentarer."),
    "all": _l("Minst en kommentar måste vara kvar. Ta bort ett kryss."),
    "on_its_way": _l("Ett svar på de orden är på väg. Vänta tills det är framme, eller ångra det."),
    "department": _l("Avdelningen finns inte. Välj en annan."),
    "not_split": _l("Ärendet är inte taget ur ett annat, eller är redan tillbaka."),
}
"""Why words cannot be taken out, or put back, like this."""

NEEDS_APPROVAL: LazyString = _l(
    "Inget läses eller skickas förrän förvaltningschefen har godkänt kontot igen. Den som har hand"
    " om kontona skriver in beslutet på kontots sida."
)

REASONS: dict[str, tuple[LazyString, LazyString]] = {
    Reason.COMMENTS_CLOSED: (
        _l("Kommentarerna är stängda på inlägget."),
        _l("Öppna dem på bloggen och skicka igen, eller svara på sidan."),
    ),
    Reason.DUPLICATE: (
        _l("Plattformen säger att samma svar redan finns."),
        _l("Titta under kommentaren på plattformen innan du skriver igen."),
    ),
    Reason.TOO_FAST: (
        _l("Plattformen tycker att vi svarar för tätt."),
        _l("Vänta en stund och skicka igen."),
    ),
    Reason.TOO_LONG: (
        _l("Svaret är för långt för plattformen."),
        _l("Korta texten och skicka igen."),
    ),
    Reason.EMPTY: (_l("Svaret är tomt."), _l("Skriv något och skicka igen.")),
    Reason.POST_GONE: (
        _l("Inlägget finns inte längre på plattformen."),
        _l("Det går inte att svara här. Avsluta ärendet eller nå invånaren på annat sätt."),
    ),
    Reason.MESSAGE_GONE: (
        _l("Kommentaren finns inte längre på plattformen."),
        _l("Det går inte att svara på den. Avsluta ärendet om inget mer behövs."),
    ),
    Reason.MESSAGE_HELD: (
        _l("Kommentaren väntar på godkännande och syns inte för andra."),
        _l("Godkänn den först, skicka sedan svaret på nytt."),
    ),
    Reason.NOT_ALLOWED: (
        _l("Kontot får inte svara här."),
        _l("Be kommunikationsenheten kontrollera kontots behörighet."),
    ),
    Reason.NOT_SUPPORTED: (
        _l("Det går bara att läsa den här kanalen härifrån."),
        _l("Svara på sidan i stället. Svaret hämtas hit av sig självt."),
    ),
    Reason.ADDRESS_NOT_ALLOWED: (
        _l("Adressen leder till ett internt nät."),
        _l("En administratör kan tillåta adressen om den är stadens egen."),
    ),
    Reason.TOO_LARGE: (
        _l("Sidan skickade mer än vi tar emot."),
        _l("Kontrollera adressen. Felet försvinner när sidan blir mindre."),
    ),
    Reason.NOT_UNDERSTOOD: (
        _l("Sidan svarade med något vi inte förstår."),
        _l("Kontrollera att adressen är rätt."),
    ),
    Reason.NOT_SUMMONED: (
        _l("X tar inte emot svar härifrån på det här inlägget."),
        _l(
            "Skribenten har inte nämnt eller citerat kontot. Svara på X i stället: vi känner igen"
            " svaret, hämtar det hit och räknar ärendet som besvarat."
        ),
    ),
    Reason.CANNOT_HIDE: (
        _l("Plattformen låter oss inte dölja just den här kommentaren."),
        _l("Öppna den på plattformen och se vad som går att göra där."),
    ),
    Reason.WINDOW_CLOSED: (
        _l("Tiden för ett privat svar är ute, eller så har ett redan skickats."),
        _l("Svara offentligt, eller hänvisa till en säker kanal."),
    ),
    Reason.BLOCKED: (
        _l("Plattformen har spärrat kontot för en tid."),
        _l("Vänta till i morgon. Händer det igen, kontakta kommunikationsenheten."),
    ),
    "incident": (
        _l("Kanalen är satt i läsläge av en administratör."),
        _l("Det du skriver sparas som utkast. Skicka när kanalen är öppen igen."),
    ),
    "no_answer_post": (
        _l("I den här kanalen går det inte att svara direkt under inlägget."),
        _l("Svara i varje ärende för sig."),
    ),
    "not_our_post": (
        _l("Inlägget är inte stadens eget, så ett svar till flera skulle stå hos någon annan."),
        _l("Svara i varje ärende för sig."),
    ),
    "several_no_room": (
        _l("Du har redan ett eget utkast i varje valt ärende, så det här får inte plats."),
        _l("Skicka eller töm ett av dem och försök igen."),
    ),
    "several_own_approval": (
        _l("Ett av ärendena hör till en avdelning som själv godkänner sina svar."),
        _l("Välj bort det, och svara på det för sig."),
    ),
    "several_too_many": (
        _l("Ett svar kan gå till högst 200 ärenden."),
        _l("Välj bort några och tryck igen."),
    ),
    "several_nobody": (_l("Inget ärende är valt."), _l("Välj minst ett och tryck igen.")),
    VANISHED: (
        _l("Svaret finns inte längre på plattformen, och vi har inte tagit bort det."),
        _l("Titta på plattformen. Skriv ett nytt om det behövs, gärna utan länk."),
    ),
    Reason.OTHER: (
        _l("Plattformen tog inte emot svaret."),
        _l("Försök igen om en stund. Händer det igen, kontakta kommunikationsenheten."),
    ),
    "sign_in_needed": (
        _l("Kontots inloggning fungerar inte längre."),
        _l("Be kommunikationsenheten ansluta kontot igen. Det du skriver sparas som utkast."),
    ),
    "needs_approval": (
        _l("En kollega behöver godkänna svaret först."),
        _l("Texten är sparad som ditt utkast. Tryck på Skicka för godkännande."),
    ),
    "no_approval": (
        _l("Svaret behöver inte godkännas av någon annan längre."),
        _l("Texten är sparad som ditt utkast. Du kan publicera det själv."),
    ),
    "not_approved": (_l("Kontots godkännande gäller inte längre."), NEEDS_APPROVAL),
    "account_paused": (
        _l("Kontot är pausat."),
        _l("Det du skriver sparas som utkast. Skicka när kontot är igång igen."),
    ),
}
"""Why something was not done, and what to do about it."""

POSTPONED: dict[str, LazyString] = {
    "TryLater": _l("Plattformen svarar inte just nu. Vi försöker igen av oss själva."),
    "asked_to_wait": _l("Plattformen vill att vi väntar en stund. Svaret går av sig självt sedan."),
    "account_paused": _l("Kontot är pausat. Svaret går när kontot är igång igen."),
    "not_approved": _l("Kontots godkännande gäller inte längre. Svaret går när det är förnyat."),
    "BudgetSpent": _l("Plattformens gräns är nådd. Svaret går när den öppnar igen."),
}

NOT_FETCHED: LazyString = _l("Ingen hämtar svaren just nu. Be IT starta det (flask work).")
"""Why an answer is still here although nothing is in its way."""

LIGHTS: dict[str, tuple[LazyString, LazyString]] = {
    Light.FINE: (_l("Fungerar"), _l("Inget att göra.")),
    Light.FIRST_READING: (
        _l("Hämtas första gången"),
        _l("Vänta några minuter. Äldre kommentarer läggs in som historik."),
    ),
    Light.QUIET: (
        _l("Ovanligt tyst"),
        _l(
            "Hämtningen fungerar, men det har varit tystare än vanligt för veckodagen och"
            " timmen. Titta på plattformen om det verkar fel."
        ),
    ),
    Light.READ_ONLY: (
        _l("Läsläge"),
        _l("Vi hämtar men skickar inget förrän en administratör öppnar kanalen igen."),
    ),
    Light.TRYING_AGAIN: (
        _l("Försöker igen"),
        _l("Plattformen svarade inte. Vi försöker igen av oss själva, inget går förlorat."),
    ),
    Light.SIGN_IN_NEEDED: (
        _l("Behörighet saknas"),
        _l("Kontots inloggning fungerar inte. Kommunikationsenheten behöver ansluta det igen."),
    ),
    Light.BUDGET_SPENT: (
        _l("Gränsen är nådd"),
        _l(
            "Plattformens kvot eller kontots tak är slut. Hämtningen börjar igen av sig själv när"
            " nästa period börjar. Höj taket om det inte kan vänta."
        ),
    ),
    Light.PLATFORM_TROUBLE: (
        _l("Fel hos plattformen"),
        _l("Den har svarat fel flera gånger. Kontrollera att sidan går att öppna."),
    ),
    Light.GONE: (
        _l("Finns inte längre"),
        _l("Plattformen säger att sidan är borta för gott. Hämtningen är stoppad."),
    ),
    Light.OUR_FAULT: (
        _l("Fel hos oss"),
        _l("Växeln klarade inte av svaret. Felet står i loggen; kontakta IT."),
    ),
    Light.NOT_COLLECTED: (
        _l("Hämtas inte"),
        _l("Hämtningen är inte igång. Be IT starta den (flask work)."),
    ),
    Light.SWITCHED_OFF: (_l("Avstängd"), _l("Någon har pausat kontot.")),
    Light.NOT_APPROVED: (_l("Godkännande saknas"), NEEDS_APPROVAL),
}
"""How a source fares, and what to do."""

NOTICES: dict[str, LazyString] = {
    "gap": _l("Lucka: vi hittade inget som vi kände igen. Kommentarer kan saknas."),
    "moved": _l("Sidan har flyttat. Be en administratör byta adress."),
    "missing": _l("Sidan finns inte just nu. Vi försöker igen i ett dygn."),
    "cut": _l("Flödet var avhugget. Det som kom före är hämtat."),
    "too_many": _l("Flödet är längre än vi tar emot på en gång."),
    "comments_not_read": _l("Inga kommentarer gick att läsa."),
    "thread_not_read": _l("Kommentarerna till ett inlägg gick inte att läsa."),
    "slowed": _l("Hämtas mer sällan för att kvoten eller taket ska räcka perioden ut."),
    "sign_in_ends": _l("Inloggningen slutar snart gälla. Anslut kontot igen innan dess."),
    "not_all_parsed": _l("Något i svaret gick inte att läsa. Det är sparat som det kom."),
    "capped": _l("Ett inlägg har fler kommentarer än vi läser på en gång."),
}


ATTACHED: dict[str, LazyString] = {
    "picture": _l("Bild"),
    "sticker": _l("Klistermärke"),
    "film": _l("Film"),
    "sound": _l("Ljud"),
    "link": _l("Länk"),
}
"""What a message may carry beside text."""

COUNTING: dict[str, LazyString] = {"x": _l("X räknar länkar som 23")}
"""What is worth knowing of how a platform counts."""

HINTS: dict[str, tuple[LazyString, str]] = {
    "stop": (_l("Stopp:"), "stopp"),
    "warn": (_l("Varning:"), "varning"),
    "tip": (_l("Tips:"), "info"),
}
"""How much a line under the answer's text matters: word and icon."""

UNITS: dict[str, LazyString] = {
    "usd": _l("dollar"),
    "units": _l("enheter"),
    "calls": _l("anrop"),
}

PERIODS: dict[str, LazyString] = {"day": _l("i dag"), "month": _l("den här månaden")}

TRAINING_REASONS: dict[str, LazyString] = {
    "right_less_often": _l("Den hade rätt mindre ofta än den modell som används."),
    "silences_more": _l(
        "Den tog oftare ett meddelande som behöver svar för ett som inte behöver det."
    ),
    "worse_calibrated": _l("Den var säker när den inte borde vara det oftare än den som används."),
}
"""Why a newly trained model was not taken into use."""


def views_of(role: str) -> list[tuple[str, tuple[LazyString, str]]]:
    """The lists in the order in which a role works through them: customer service sorts first."""
    first = "osakra" if role == Role.CUSTOMER_SERVICE else ""
    return sorted(VIEWS.items(), key=lambda item: item[0] != first)


def happened(name: str, *, by_person: bool, handed: bool = False) -> str:
    """An event of the conversation in words; `handed`: the case was given to a colleague."""
    if handed:
        return gettext("Överläts till")
    return str((by_person and EVENTS_BY_PERSON.get(name)) or EVENTS[name])


def notice(code: str) -> str:
    """A source's notice in words; an unknown code gets a plain general sentence."""
    return str(NOTICES.get(code) or gettext("Källan har något att säga. Se loggen."))


def reason(code: str) -> tuple[str, str]:
    """Why not, and what to do; an unknown code gets the general pair."""
    why, what = REASONS.get(code, REASONS[Reason.OTHER])
    return str(why), str(what)
