"""What an account must be allowed to do, in words, and how to get what is missing."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

Row = tuple[LazyString, LazyString]

EVERYWHERE: dict[str, Row] = {
    "sign_in": (_l("Logga in"), _l("Anslut kontot igen med en ny inloggning.")),
    "read_comments": (_l("Läsa kommentarer"), _l("Kontrollera adressen och att sidan är öppen.")),
    "answer": (_l("Svara"), _l("Ge användaren rätt att kommentera.")),
}

WORDPRESS: dict[str, Row] = {
    "sign_in": (
        _l("Logga in"),
        _l(
            "Skapa ett nytt applikationslösenord i WordPress, under användarens profil, och"
            " kontrollera användarnamnet."
        ),
    ),
    "moderate_comments": (
        _l("Godkänna och dölja kommentarer"),
        _l("Ge användaren rollen redaktör eller administratör i WordPress."),
    ),
    "read_held": (
        _l("Läsa kommentarer som väntar på granskning"),
        _l("Ge användaren rollen redaktör eller administratör i WordPress."),
    ),
    "feed": (_l("Läsa flödet"), _l("Kontrollera att bloggen har ett öppet kommentarsflöde.")),
}

FEED: dict[str, Row] = {
    "feed": (_l("Läsa flödet"), _l("Kontrollera att bloggen har ett öppet kommentarsflöde.")),
    "comment_feeds": (
        _l("Läsa kommentarerna till varje inlägg"),
        _l("Flödet namnger inga kommentarsflöden. Ange i stället bloggens kommentarsflöde."),
    ),
}

X: dict[str, Row] = {
    "sign_in": (
        _l("Logga in"),
        _l(
            "Skapa nya nycklar i X utvecklarkonsol och anslut kontot igen. Kontrollera också att"
            " appen har ett abonnemang eller krediter kvar."
        ),
    ),
    "right_account": (
        _l("Rätt konto är inloggat"),
        _l(
            "Nycklarna hör till ett annat konto än det angivna. Logga in på X som stadens konto,"
            " skapa nycklarna där och kontrollera kontots nummer."
        ),
    ),
    "read_mentions": (
        _l("Läsa omnämnanden"),
        _l("Ge inloggningen tweet.read och users.read, och fyll på krediter om de är slut."),
    ),
    "read_own_posts": (
        _l("Läsa kontots egna inlägg"),
        _l("Ge inloggningen tweet.read och users.read, och fyll på krediter om de är slut."),
    ),
    "search": (
        _l("Läsa svaren under kontots inlägg"),
        _l("Appens abonnemang saknar sökning i nya inlägg. Välj betalning efter användning."),
    ),
    "write": (
        _l("Publicera och ta bort egna svar"),
        _l(
            "Ge appen läs- och skrivrätt i utvecklarkonsolen. Skapa sedan nycklarna på nytt, för"
            " gamla nycklar behåller sin gamla rätt. Med OAuth 2 behövs tweet.write."
        ),
    ),
    "hide": (
        _l("Dölja svar under kontots inlägg"),
        _l("Logga in på nytt med OAuth 2 och kryssa även för tweet.moderate.write."),
    ),
    "stay": (
        _l("Förbli inloggad"),
        _l("Logga in på nytt med OAuth 2 och kryssa även för offline.access."),
    ),
}

YOUTUBE: dict[str, Row] = {
    "sign_in": (
        _l("Logga in"),
        _l(
            "Logga in hos Google på nytt som stadens kanal och klistra in den nya inloggningen."
            " Slutar den gälla efter en vecka är appen inte publicerad hos Google."
        ),
    ),
    "right_channel": (
        _l("Rätt kanal är inloggad"),
        _l("Logga in på nytt och välj stadens kanal i Googles fråga. Kontrollera kanalens id."),
    ),
    "read_comments": (
        _l("Läsa kommentarer under kanalens filmer"),
        _l("Aktivera YouTube Data API v3 i stadens projekt hos Google."),
    ),
    "read_held": (
        _l("Läsa kommentarer som väntar på granskning"),
        _l("Den som loggar in måste äga kanalen och godkänna omfånget youtube.force-ssl."),
    ),
    "answer_and_moderate": (
        _l("Svara, dölja och ta bort egna svar"),
        _l("Logga in på nytt och godkänn omfånget youtube.force-ssl."),
    ),
}

FACEBOOK: dict[str, Row] = {
    "page": (
        _l("Nå sidan"),
        _l("Kontrollera sidans nummer, och att nyckeln hör till just den sidan."),
    ),
    "posts": (
        _l("Läsa sidans inlägg"),
        _l("Ge inloggningen pages_read_engagement och skapa sidans nyckel på nytt."),
    ),
    "authors": (
        _l("Se vem som skriver"),
        _l(
            "Facebook lämnar inte ut namnen förrän Meta har granskat appen. Ansök om"
            " pages_read_user_content med full åtkomst."
        ),
    ),
    "token": (
        _l("Nyckeln gäller"),
        _l("Skapa en ny nyckel för sidan och anslut kontot igen."),
    ),
    "pages_show_list": (
        _l("Se vilka sidor staden har"),
        _l("Kryssa för pages_show_list när nyckeln skapas."),
    ),
    "pages_read_engagement": (
        _l("Läsa sidans inlägg och vad som händer där"),
        _l("Kryssa för pages_read_engagement när nyckeln skapas."),
    ),
    "pages_read_user_content": (
        _l("Läsa invånares kommentarer"),
        _l("Kryssa för pages_read_user_content. Meta måste först ha granskat appen."),
    ),
    "pages_manage_engagement": (
        _l("Svara, dölja och ta bort egna svar"),
        _l("Kryssa för pages_manage_engagement. Meta måste först ha granskat appen."),
    ),
    "pages_manage_metadata": (
        _l("Få veta genast när något händer"),
        _l("Kryssa för pages_manage_metadata. Utan den hämtas allt ändå, men lite senare."),
    ),
    "pages_messaging": (
        _l("Svara privat"),
        _l("Kryssa för pages_messaging. Utan den går det att svara offentligt men inte privat."),
    ),
}

PERMISSIONS: dict[str, dict[str, Row]] = {
    "": EVERYWHERE,
    "wordpress": WORDPRESS,
    "feed": FEED,
    "x": X,
    "youtube": YOUTUBE,
    "facebook": FACEBOOK,
}
"""By channel and code: what it is, and how to get it. '' holds for every channel."""


def permission(channel: str, code: str) -> tuple[str, str]:
    """A permission in words, and how to get it; an unknown code stands for itself."""
    own, common = PERMISSIONS.get(channel, {}), PERMISSIONS[""]
    row = own.get(code) or common.get(code)
    if row is None:
        return code, gettext("Se handledningen i docs/guide.")
    return str(row[0]), str(row[1])


GUIDES = frozenset({"x", "facebook", "youtube"})
"""The channels with a guide of their own in docs/guide."""


BEFOREHAND: dict[str, LazyString] = {
    "x": _l(
        "X villkor kräver att en kommun har ett Enterprise-avtal och namnger dem som ska se"
        " innehåll från X. Läs steg 1 i docs/guide/x.md och låt stadens jurist svara innan du"
        " ansluter. Växeln är hel utan X."
    ),
}
"""What must be agreed with a platform before an account there is connected at all."""


def guide(channel: str) -> str:
    """The file that says step by step how the channel is connected; '' when it needs none."""
    return f"docs/guide/{channel}.md" if channel in GUIDES else ""
