"""WordPress: comments under a blog's posts and pages, read and answered over its REST interface.

With a user and an application password, comments waiting for approval are read, and answers given;
without them the public comments are read. Every question that carries a login asks for the `edit`
view: WordPress answers a dead password with the public view of anything public, and says 401 only
when asked for more.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from app.channels.base import (
    Abilities,
    AtSource,
    ChannelError,
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
from app.channels.web_requests import request
from app.channels.wordpress.acting import find, publish, set_status
from app.channels.wordpress.reading import looked_again, page_of
from app.channels.wordpress.site import Site
from app.channels.wordpress.words import message_of


class WordPress(Plain):
    """The channel; see `app.channels.base.Channel`."""

    name = "wordpress"
    label = "Blogg"
    icon = "i-ch-blogg"
    parser_version = 1
    abilities = Abilities(
        answer=True,
        answer_post=True,
        hide=True,
        recheck=True,
        max_characters=16_000,  # 65 525 bytes at four bytes each: never too long for WordPress
        shows_held=True,
        natural_duplicate_guard=True,
    )
    settings = (
        Setting("base_url", "Bloggens adress", hint="Till exempel https://blogg.example.se"),
        Setting(
            "user",
            "Användare",
            required=False,
            hint="Utan användare går det bara att läsa det som redan är publicerat.",
        ),
        Setting(
            "application_password",
            "Applikationslösenord",
            secret=True,
            required=False,
            hint="Skapas under användarens profil i WordPress.",
        ),
        Setting(
            "city_user_ids",
            "Andra användare som skriver för staden",
            required=False,
            hint="Deras nummer i WordPress, med komma emellan.",
        ),
    )
    source_kinds = (SourceKind("comments", "Kommentarer"),)

    def fetch(self, connection: Connection, cursor: str | None, *, now: datetime) -> Page:
        """One page of comments, the newest first; once a day everything of the last 60 days."""
        return page_of(Site(connection, now), cursor)

    def parse(self, connection: Connection, payload: str, *, now: datetime) -> MessageSeen:
        """What one kept comment means."""
        return message_of(connection, payload, now)

    def recheck(
        self, connection: Connection, external_ids: Sequence[str], *, now: datetime
    ) -> Page:
        """The comments as they are now; those in the bin or deleted are `removed`."""
        return looked_again(Site(connection, now), external_ids)

    def send(self, connection: Connection, outgoing: Outgoing, *, now: datetime) -> Receipt:
        """Publish an answer; an equal one that is there already is taken for ours."""
        return publish(Site(connection, now), outgoing)

    def find_sent(
        self, connection: Connection, outgoing: Outgoing, *, now: datetime
    ) -> Receipt | None:
        """Our own comment with this text under the same parent, visible, held or taken for spam."""
        return find(Site(connection, now), outgoing)

    def hide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Put a comment back to waiting for approval; what nobody can see is left as it is."""
        hidden = (AtSource.HELD, AtSource.SPAM)
        return set_status(Site(connection, now), external_id, "hold", hidden)

    def unhide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Approve a comment that waits or was taken for spam."""
        return set_status(Site(connection, now), external_id, "approve", (AtSource.VISIBLE,))

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """Whether we can sign in, moderate, read what waits, and read the public comment feed."""
        site = Site(connection, now)
        checks: list[PermissionCheck] = []
        if site.signed_in:
            checks += _login_checks(site)
        else:
            checks.append(_tried("read_comments", lambda: site.get("comments", {"per_page": 1})))
        feed = f"{site.base}/?feed=comments-rss2"
        try:
            found = request(connection, "GET", feed)
            checks.append(PermissionCheck("feed", found.status == 200, str(found.status)))
        except ChannelError as error:
            checks.append(PermissionCheck("feed", False, error.detail))
        return checks


CHANNEL = WordPress()


def _login_checks(site: Site) -> list[PermissionCheck]:
    try:
        me = site.signed_in_user()
    except (SignInNeeded, Refused) as error:
        return [PermissionCheck("sign_in", False, error.detail)]
    may = (me.get("capabilities") or {}).get("moderate_comments") is True
    held: dict[str, str | int] = {"context": "edit", "status": "hold", "per_page": 1}
    return [
        PermissionCheck("sign_in", True),
        PermissionCheck("moderate_comments", may),
        _tried("read_held", lambda: site.get("comments", {**held, "_fields": "id"})),
    ]


def _tried(name: str, ask: Callable[[], object]) -> PermissionCheck:
    try:
        ask()
    except (SignInNeeded, Refused) as error:
        return PermissionCheck(name, False, error.detail)
    return PermissionCheck(name, True)
