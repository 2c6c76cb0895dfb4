"""The practice town as a channel: a real one that never leaves the machine."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.basics.plain_text import tidy
from app.channels.base import (
    Abilities,
    AtSource,
    BudgetSpent,
    Connection,
    Gone,
    MessageSeen,
    NotUnderstood,
    Outgoing,
    Page,
    PermissionCheck,
    PersonSeen,
    Plain,
    PostSeen,
    Raw,
    Reason,
    Receipt,
    Refused,
    Setting,
    SignInNeeded,
    SourceKind,
    TryLater,
    Uncertain,
)
from app.channels.practice.town import PracticeTown

A_PAGE = 50


class Practice(Plain):
    """The channel; see `app.channels.base.Channel`."""

    name = "practice"
    label = "Övningsstaden"
    icon = "i-ovning"
    parser_version = 1
    abilities = Abilities(
        answer=True,
        answer_post=True,
        hide=True,
        recheck=True,
        max_characters=8000,
        shows_held=True,
    )
    settings: tuple[Setting, ...] = ()
    source_kinds = (SourceKind("comments", "Kommentarer"),)

    def fetch(self, connection: Connection, cursor: str | None, *, now: datetime) -> Page:
        """What has changed since the cursor; edits and removals come as changes."""
        town = _town(connection)
        _fail(town.fault("later", "sign_in", "gone", "budget"), now)
        town.advance(now, connection.settings.get("speed", "normal"))
        rows = town.changed_since(int(cursor or 0), A_PAGE)
        here = str(rows[-1]["changed"]) if rows else cursor or "0"
        return Page(
            raws=tuple(_raw(row) for row in rows),
            cursor=here,
            rest_cursor=here,
            more=len(rows) == A_PAGE,
        )

    def parse(self, connection: Connection, payload: str, *, now: datetime) -> MessageSeen:
        """One comment of the town."""
        try:
            row = json.loads(payload)
            return MessageSeen(
                external_id=row["id"],
                post=PostSeen(
                    row["post"],
                    row["title"],
                    tidy(row["post_text"]),
                    published_at=datetime.fromisoformat(row["post_published"]),
                ),
                text=tidy(row["text"]),
                published_at=datetime.fromisoformat(row["published"]),
                author=PersonSeen(row["author"], row["name"]),
                parent_external_id=row["parent"],
                by_city=bool(row["by_city"]),
                at_source=AtSource(row["state"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise NotUnderstood(f"{type(error).__name__}: {error}") from None

    def recheck(
        self, connection: Connection, external_ids: Sequence[str], *, now: datetime
    ) -> Page:
        """How these comments stand; those that were never there are gone."""
        rows = _town(connection).these(external_ids)
        there = {row["id"] for row in rows}
        return Page(
            raws=tuple(_raw(row) for row in rows),
            removed=tuple(number for number in external_ids if number not in there),
        )

    def send(self, connection: Connection, outgoing: Outgoing, *, now: datetime) -> Receipt:
        """The answer stands in the town, or one of the set faults happens."""
        if not outgoing.text.strip():
            raise Refused(Reason.EMPTY)
        town = _town(connection)
        fault = town.fault(
            "later",
            "refused",
            "sign_in",
            "uncertain_acted",
            "uncertain_not_acted",
            "gone",
            "budget",
        )
        if fault == "uncertain_acted":
            town.publish(outgoing, now)
        _fail(fault, now)
        parent = town.these([outgoing.parent_external_id]) if outgoing.parent_external_id else []
        if outgoing.parent_external_id and (not parent or parent[0]["state"] == "removed"):
            raise Refused(Reason.MESSAGE_GONE)
        return Receipt(town.publish(outgoing, now))

    def find_sent(
        self, connection: Connection, outgoing: Outgoing, *, now: datetime
    ) -> Receipt | None:
        """The answer with that key, if it stands in the town."""
        number = _town(connection).published_with(outgoing.key)
        return Receipt(number) if number else None

    def hide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Hide a comment from the town's visitors."""
        if not _town(connection).set_state(external_id, "hidden"):
            raise Refused(Reason.MESSAGE_GONE)
        return AtSource.HIDDEN

    def unhide(self, connection: Connection, external_id: str, *, now: datetime) -> AtSource:
        """Show it again."""
        if not _town(connection).set_state(external_id, "visible"):
            raise Refused(Reason.MESSAGE_GONE)
        return AtSource.VISIBLE

    def check(self, connection: Connection, *, now: datetime) -> list[PermissionCheck]:
        """The town lets us do everything."""
        return [PermissionCheck("read_comments", True), PermissionCheck("answer", True)]


def _town(connection: Connection) -> PracticeTown:
    if connection.data_dir is None:
        raise SignInNeeded("the practice town has no folder")
    return PracticeTown.open(connection.data_dir, connection.external_id)


def _fail(fault: str | None, now: datetime) -> None:
    """Raise the contract's error for a set fault."""
    match fault:
        case "later":
            raise TryLater("the town rests", until=now + timedelta(seconds=30))
        case "budget":
            raise BudgetSpent("enough for today", until=now + timedelta(hours=1))
        case "sign_in":
            raise SignInNeeded("the town does not know us")
        case "gone":
            raise Gone("the town is gone")
        case "refused":
            raise Refused(Reason.COMMENTS_CLOSED)
        case "uncertain_acted" | "uncertain_not_acted":
            raise Uncertain("the line was cut")


def _raw(row: dict[str, Any]) -> Raw:
    kept = {key: value for key, value in row.items() if key not in ("town", "key", "changed")}
    return Raw(row["id"], json.dumps(kept, ensure_ascii=False, sort_keys=True))


CHANNEL = Practice()
