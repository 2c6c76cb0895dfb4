"""The words that the checks of a draft know: promises, care and illness, names, languages."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROMISE = re.compile(
    r"\b(?:(?:vi|jag) lovar(?!,?\s+(?:inte|inget|ingenting|aldrig))"
    r"|garanterar(?!\s+(?:inte|inget|ingenting))"
    r"|kommer inte att få"
    r"|kommer (?:inte )?att (?:bli )?(?:beviljas|beviljad|beviljat|godkännas|godkänd|godkänt"
    r"|avslås|nekas|nekad|få avslag|få bygglov|få tillstånd|få rätt)"
    r"|(?:we|I) promise|(?:we|I) guarantee|you will not (?:get|receive|be given)"
    r"|will (?:not )?be (?:granted|approved|rejected|denied))\b",
    re.IGNORECASE,
)
"""What promises, or says how a decision will go before it is taken."""

_SUPPORT = (
    r"(?:hemtjänst|försörjningsstöd|socialbidrag|bistånd(?!s)|boendestöd|trygghetslarm|färdtjänst"
    r"|äldreboende|gruppbosta|personliga? assist|kontaktperson|ledsag|familjehem|placering"
    r"|orosanmäl|vårdnadsutredning|skuldsaner|LVU\b|LVM\b|home help|home care|income support)\w*"
)
_ILLNESS = (
    r"(?:demens|dement|alzheimer|diagnos|depress|deprimer|ångest|missbruk|beroendevård|psykos"
    r"|psykisk|cancer|adhd\b|autism|självmord|självskad|epilep|hiv\b|sjukskriv|sjukdom|abort\b"
    r"|dementia|depression|diagnosis)\w*"
)
_RELATIVE = (
    r"(?:mamma|pappa|mor|far|mormor|morfar|farmor|farfar|son|dotter|barn|man|fru|sambo|bror|syster)"
)

SUPPORT = re.compile(rf"\b{_SUPPORT}", re.IGNORECASE)
"""What the social services give."""
ILLNESS = re.compile(rf"\b{_ILLNESS}", re.IGNORECASE)
"""What is said of somebody's health. Places and staff (vårdcentral, sjuksköterska) are not here."""
OF_A_PERSON = re.compile(
    rf"\b(?:(?:din|ditt|dina|ert|era|hans|hennes|deras|your|his|her|{_RELATIVE}s)"
    rf"\s+(?:\w+\s+)?(?:{_SUPPORT}|{_ILLNESS})"
    rf"|(?<!om )(?<!när )(?<!if )(?:\b(?:du|ni|han|hon|you|(?:din|er|hans|hennes) {_RELATIVE}))"
    rf"\s+(?:har|fick|hade|söker|sökte|ansökte|beviljades|have|had)\s+(?:\w+\s+)?"
    rf"(?:{_SUPPORT}|{_ILLNESS}))",
    re.IGNORECASE,
)
"""Support or illness said of the one who is spoken to, or of somebody near."""

FIRST_NAMES = _words(
    "Anna Eva Maria Karin Kristina Lena Sara Kerstin Emma Ingrid Marie Malin Jenny Birgitta Annika"
    " Ulla Susanne Linda Johanna Elin Monica Sofia Elisabeth Hanna Anita Julia Helena Ida Camilla"
    " Gunilla Amanda Anneli Linnea Lisa Erika Matilda Petra Agneta Ellen Alice Maja Fatima Amira"
    " Lars Mikael Anders Johan Erik Per Peter Karl Daniel Jan Fredrik Thomas Andreas Hans Stefan"
    " Mohammed Mohamed Ali Ahmed Hassan Omar Magnus Mats Jonas Alexander Bengt Martin Mattias Ulf"
    " Niklas Henrik David Oskar Emil Viktor Gustav Simon Anton Robert Joakim Kjell Patrik Leif"
    " Göran Marcus Håkan Filip Jakob Sebastian Rolf Lennart Hugo Elias Lucas Tomas Olof"
)
"""Common first names that are no ordinary words."""

COMMON_MAILBOXES = _words(
    "info kontakt kundservice kundtjanst kundtjänst kundcenter support post mail registrator hej"
    " kommun kommunen stad staden service reception bokning expedition kansli press webb help"
    " office contact hello fakturor uthyrning felanmalan felanmälan diarium medborgarservice"
    " kontaktcenter"
)
"""What stands before @ when nobody's own box is meant."""

SWEDISH = _words(
    "och att det som för på är av inte den till har vi du kan ett om så hej tack här din ditt dina"
    " från eller när hos oss också ska blir ni er vill finns där mer vår våra jag var med nu"
    " måndag tisdag onsdag torsdag fredag"
)
ENGLISH = _words(
    "the and to of you is are we your this that with have please can cannot will it not from"
    " thank thanks hello our there be been would could they their which what when where"
)
"""Common words that the other language does not have."""
