"""Calls and visits as a channel: nothing is read and nothing sent, people write down what was said.

It is here so that a call has a name and a symbol wherever cases are shown, and so that everything
that asks a channel what it can do is told: nothing at all. Its account and its one source are made
when the first call is registered (`app.inbox.calls`).
"""

from datetime import datetime

from app.channels.base import (
    Abilities,
    Connection,
    MessageSeen,
    NotUnderstood,
    Page,
    PermissionCheck,
    Plain,
    Reason,
    Refused,
    Setting,
    SourceKind,
)


class Phone(Plain):
    """The channel; see `app.channels.base.Channel`."""

    name = "phone"
    label = "Telefon och besök"
    icon = "i-telefon"
    parser_version = 1
    abilities = Abilities(answer=False, connected=False)
    settings: tuple[Setting, ...] = ()
    source_kinds = (SourceKind("import", "Samtal och besök"),)

    def fetch(self, connection: Connection, cursor: str | None, *, now: datetime) -> Page:
        """Refused: there is nothing to read."""
        raise Refused(Reason.NOT_SUPPORTED)

    def parse(self, connection: Connection, payload: str, *, now: datetime) -> MessageSeen:
        """Not understood: a call has no payload."""
        raise NotUnderstood("a call is written down by a person")

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """There is nothing that could be allowed."""
        return []


CHANNEL = Phone()
