"""X: posts that mention the city's account, and replies in the conversations the city began.

Read and written through X's interface (version 2) with tweepy. Every read costs money, so what is
used is counted, reading slows down before the month's ceiling and stops at it. X lets an account
answer only those who mention it or quote it; others are answered on X itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.channels.base import (
    Abilities,
    AtSource,
    Budget,
    Connection,
    MessageSeen,
    Outgoing,
    Page,
    PermissionCheck,
    Plain,
    Receipt,
    Setting,
    SignInNeeded,
    SourceKind,
    Weight,
)
from app.channels.x import answering
from app.channels.x.checking import checks_of, no_sign_in
from app.channels.x.interface import Interface
from app.channels.x.length import weight_of
from app.channels.x.reading import looked_again, page_of
from app.channels.x.words import message_of


class X(Plain):
    """The channel; see `app.channels.base.Channel`."""

    name = "x"
    label = "X"
    icon = "i-ch-x"
    parser_version = 1
    abilities = Abilities(
        answer=True,
        answer_post=True,
        hide=True,
        delete_own=True,
        recheck=True,
        recheck_every=timedelta(hours=24),
        budget=Budget("usd", "month", "UTC", ceiling="monthly_ceiling"),
    )
    settings = (
        Setting(
            "account_id",
            "Kontots nummer på X",
            hint="Bara siffror, inte användarnamnet. Står i utvecklarportalen under kontot.",
        ),
        Setting("handle", "Användarnamn på X", hint="Utan @, till exempel landskronastad."),
        Setting(
            "owned",
            "Appen ägs av samma konto",
            required=False,
            default="ja",
            hint="ja eller nej. Med ja räknas läsning av egna omnämnanden till det lägre priset.",
        ),
        Setting(
            "enterprise",
            "Kontot har Enterprise-avtal med X",
            required=False,
            default="nej",
            hint="ja eller nej. Utan avtal går det bara att svara den som nämner eller citerar er.",
        ),
        Setting(
            "monthly_ceiling",
            "Högsta kostnad per månad (US-dollar)",
            required=False,
            default="25",
            hint="Läsningen blir glesare från 70 procent och stannar vid taket till nästa månad.",
        ),
        Setting(
            "client_id",
            "Klientnummer (OAuth 2)",
            required=False,
            hint="Fyll i antingen de två raderna för OAuth 2 eller de fyra för OAuth 1.0a.",
        ),
        Setting("client_secret", "Klienthemlighet (OAuth 2)", secret=True, required=False),
        Setting(
            "refresh_token",
            "Förnyelsenyckel (OAuth 2)",
            secret=True,
            required=False,
            hint="Byts ut av sig själv varje gång inloggningen förnyas.",
        ),
        Setting("consumer_key", "API-nyckel (OAuth 1.0a)", secret=True, required=False),
        Setting("consumer_secret", "API-hemlighet (OAuth 1.0a)", secret=True, required=False),
        Setting("oauth1_token", "Åtkomstnyckel (OAuth 1.0a)", secret=True, required=False),
        Setting("oauth1_secret", "Åtkomsthemlighet (OAuth 1.0a)", secret=True, required=False),
    )
    source_kinds = (
        SourceKind("mentions", "Omnämnanden", by_default=True),
        SourceKind("conversations", "Svar under våra inlägg"),
    )

    def fetch(self, connection: Connection, cursor: str | None, *, now: datetime) -> Page:
        """One page of mentions or of answers, the newest first; four times a day the last day."""
        return page_of(connection, cursor, now)

    def parse(self, connection: Connection, payload: str, *, now: datetime) -> MessageSeen:
        """What one kept post means."""
        return message_of(connection, payload, now)

    def recheck(
        self, connection: Connection, external_ids: Sequence[str], *, now: datetime
    ) -> Page:
        """The posts as they are now; those deleted or no longer shown to us are `removed`."""
        return looked_again(connection, external_ids, now)

    def send(self, connection: Connection, outgoing: Outgoing, *, now: datetime) -> Receipt:
        """Publish an answer, once."""
        return answering.publish(Interface(connection, now), outgoing)

    def find_sent(
        self, connection: Connection, outgoing: Outgoing, *, now: datetime
    ) -> Receipt | None:
        """An own post with this text under the same message, since the button was pressed."""
        return answering.find(Interface(connection, now), outgoing)

    def hide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Put a reply behind an extra click, in a conversation that the account began."""
        return answering.set_hidden(Interface(connection, now), external_id, True)

    def unhide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Show a hidden reply again."""
        return answering.set_hidden(Interface(connection, now), external_id, False)

    def delete_own(self, connection: Connection, external_id: str, *, now: datetime) -> None:
        """Take one of the account's own posts away."""
        answering.delete(Interface(connection, now), external_id)

    def weigh(self, connection: Connection, text: str) -> Weight:
        """How long the text is in X's weighted characters, its links, and what it would cost."""
        return weight_of(connection, text)

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """Whether we can sign in, as the right account, read, search, and write where X says so."""
        try:
            interface = Interface(connection, now)
        except SignInNeeded as error:
            return no_sign_in(error)
        return checks_of(interface)


CHANNEL = X()
