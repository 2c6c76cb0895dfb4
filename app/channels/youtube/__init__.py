"""YouTube: comments under the city's films, read and answered over the Data API v3.

Comments that wait for review can be read only by the channel itself, so the account signs in as the
channel: there is no way in with a mere key.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from app.channels.base import (
    Abilities,
    AtSource,
    Connection,
    MessageSeen,
    Outgoing,
    Page,
    PermissionCheck,
    Plain,
    Receipt,
    Refused,
    Setting,
    SignInNeeded,
    SourceKind,
)
from app.channels.youtube.acting import LONGEST, delete, find, publish, set_status
from app.channels.youtube.again import looked_again
from app.channels.youtube.interface import Interface
from app.channels.youtube.quota import BUDGET
from app.channels.youtube.reading import page_of, threads_question
from app.channels.youtube.sign_in import SCOPE
from app.channels.youtube.words import HELD, PUBLISHED, REJECTED, message_of


class YouTube(Plain):
    """The channel; see `app.channels.base.Channel`."""

    name = "youtube"
    label = "YouTube"
    icon = "i-ch-youtube"
    parser_version = 1
    abilities = Abilities(
        answer=True,
        answer_post=True,
        hide=True,
        delete_own=True,
        reject=True,
        recheck=True,
        recheck_every=timedelta(minutes=30),
        names_whom_it_answers=True,
        budget=BUDGET,
        max_characters=LONGEST,
        shows_held=True,
    )
    settings = (
        Setting(
            "channel_id",
            "Kanalens id",
            hint="Börjar med UC. Står i YouTube Studio under Inställningar, Kanal, Avancerat.",
        ),
        Setting(
            "refresh_token",
            "Inloggning (refresh token)",
            secret=True,
            hint="Fås när någon har loggat in som stadens kanal och godkänt. Se guiden.",
        ),
    )
    source_kinds = (SourceKind("comments", "Kommentarer under kanalens filmer"),)

    def fetch(self, connection: Connection, cursor: str | None, *, now: datetime) -> Page:
        """One page of comments, the newest first; at night far back; what waits each 15 minutes."""
        return page_of(Interface(connection, now), cursor)

    def parse(self, connection: Connection, payload: str, *, now: datetime) -> MessageSeen:
        """What one kept comment means."""
        return message_of(payload, now)

    def recheck(
        self, connection: Connection, external_ids: Sequence[str], *, now: datetime
    ) -> Page:
        """The comments as they are now, new replies beside them, and which are gone."""
        return looked_again(Interface(connection, now), external_ids)

    def send(self, connection: Connection, outgoing: Outgoing, *, now: datetime) -> Receipt:
        """Publish an answer in the comment's thread or directly under the film, once."""
        return publish(Interface(connection, now, may_use_reserve=True), outgoing)

    def find_sent(
        self, connection: Connection, outgoing: Outgoing, *, now: datetime
    ) -> Receipt | None:
        """Our own words in the thread or under the film, visible, held or taken for spam."""
        return find(Interface(connection, now, may_use_reserve=True), outgoing)

    def hide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Hold a comment for review, so that only the channel sees it."""
        return self._moderate(connection, external_id, HELD, now)

    def unhide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Publish a comment that is held."""
        return self._moderate(connection, external_id, PUBLISHED, now)

    def reject(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Turn a comment down with all its replies: YouTube never shows it to anybody again."""
        return self._moderate(connection, external_id, REJECTED, now)

    def delete_own(self, connection: Connection, external_id: str, *, now: datetime) -> None:
        """Take one of the channel's own answers away."""
        delete(Interface(connection, now, may_use_reserve=True), external_id)

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """Whether we can sign in, as the right channel, and may read, review and answer."""
        api = Interface(connection, now, may_use_reserve=True)
        try:
            api.sign_in.renew()
        except (SignInNeeded, Refused) as error:
            right = not error.detail.startswith("wrong_channel")
            wrong = [] if right else [PermissionCheck("right_channel", False, error.detail)]
            return [PermissionCheck("sign_in", not right, "" if wrong else error.detail), *wrong]
        scopes = api.sign_in.credentials.get("scope", "").split()
        return [
            PermissionCheck("sign_in", True),
            PermissionCheck("right_channel", True),
            _tried("read_comments", lambda: _read(api, "fast")),
            _tried("read_held", lambda: _read(api, "held")),
            PermissionCheck("answer_and_moderate", not scopes or SCOPE in scopes),
        ]

    def _moderate(
        self, connection: Connection, external_id: str, status: str, now: datetime
    ) -> AtSource:
        return set_status(Interface(connection, now, may_use_reserve=True), external_id, status)


CHANNEL = YouTube()


def _read(api: Interface, kind: str) -> None:
    api.get("commentThreads.list", {**threads_question(api, kind), "maxResults": 1})


def _tried(name: str, ask: Callable[[], object]) -> PermissionCheck:
    try:
        ask()
    except (SignInNeeded, Refused) as error:
        return PermissionCheck(name, False, error.detail)
    return PermissionCheck(name, True)
