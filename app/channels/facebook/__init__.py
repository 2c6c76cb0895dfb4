"""Facebook: comments under the page's posts, visitors' posts and mentions, over the Graph API.

All is read as the page itself, with the page's own token; see `reading` for how a look goes.
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
)
from app.channels.facebook.acting import LONGEST, delete, find, publish, set_hidden
from app.channels.facebook.again import looked_again
from app.channels.facebook.errors import by_the_contracts_names
from app.channels.facebook.graph import Graph
from app.channels.facebook.in_private import LONGEST as LONGEST_PRIVATE
from app.channels.facebook.in_private import reply
from app.channels.facebook.reading import page_of
from app.channels.facebook.sign_in import checks_of
from app.channels.facebook.words import message_of


class Facebook(Plain):
    """The channel; see `app.channels.base.Channel`."""

    name = "facebook"
    label = "Facebook"
    icon = "i-ch-facebook"
    parser_version = 1
    abilities = Abilities(
        answer=True,
        answer_post=True,
        hide=True,
        delete_own=True,
        private_reply=True,
        recheck=True,
        recheck_every=timedelta(minutes=30),
        answer_every=timedelta(seconds=3),
        names_whom_it_answers=True,
        budget=Budget("calls", "day"),
        max_characters=LONGEST,
        max_private_characters=LONGEST_PRIVATE,
    )
    settings = (
        Setting(
            "page_id",
            "Sidans nummer",
            hint="Bara siffror. Står på sidan under Om, Insyn på sidan.",
        ),
        Setting(
            "page_token",
            "Sidans inloggning (sidtoken)",
            secret=True,
            hint="Fås för sidan av en systemanvändare i stadens företagsportfölj. Se guiden.",
        ),
    )
    source_kinds = (
        SourceKind("comments", "Kommentarer, besökares inlägg och omnämnanden", by_default=True),
    )

    def fetch(self, connection: Connection, cursor: str | None, *, now: datetime) -> Page:
        """One page of what is due: new things, what has changed, and older posts in their turn."""
        with by_the_contracts_names():
            return page_of(Graph(connection, now), cursor)

    def parse(self, connection: Connection, payload: str, *, now: datetime) -> MessageSeen:
        """What one kept comment or resident's post means."""
        return message_of(payload, now)

    def recheck(
        self, connection: Connection, external_ids: Sequence[str], *, now: datetime
    ) -> Page:
        """The comments and posts as they are now, and which are gone."""
        with by_the_contracts_names():
            return looked_again(Graph(connection, now), external_ids)

    def send(self, connection: Connection, outgoing: Outgoing, *, now: datetime) -> Receipt:
        """Publish an answer in the thread, once."""
        with by_the_contracts_names():
            return publish(Graph(connection, now), outgoing)

    def find_sent(
        self, connection: Connection, outgoing: Outgoing, *, now: datetime
    ) -> Receipt | None:
        """The page's own comment with this text in the thread."""
        with by_the_contracts_names():
            return find(Graph(connection, now), outgoing)

    def hide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Hide a comment from all but its writer and the writer's friends."""
        with by_the_contracts_names():
            return set_hidden(Graph(connection, now), external_id, True)

    def unhide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Show a hidden comment."""
        with by_the_contracts_names():
            return set_hidden(Graph(connection, now), external_id, False)

    def delete_own(self, connection: Connection, external_id: str, *, now: datetime) -> None:
        """Take one of the page's own answers away."""
        with by_the_contracts_names():
            delete(Graph(connection, now), external_id)

    def reply_privately(
        self, connection: Connection, external_id: str, text: str, *, now: datetime
    ) -> Receipt:
        """Answer a writer in private, once, within seven days."""
        with by_the_contracts_names():
            return reply(Graph(connection, now), external_id, text)

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """Whether the page can be read, tells who writes, and which permissions the token has."""
        try:
            return checks_of(Graph(connection, now))
        except SignInNeeded as error:
            return [PermissionCheck("token", False, error.detail)]


CHANNEL = Facebook()
