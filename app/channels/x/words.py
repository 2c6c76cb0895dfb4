"""X's words into ours: what is kept of a post, and what it means.

The id of a message is that of the post's first version: an edit on X is a new post with a new id,
whose history names the earlier ones.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.basics.clock import parse_utc
from app.basics.plain_text import tidy, unescape_once
from app.channels.base import (
    Attachment,
    Connection,
    MessageSeen,
    NotUnderstood,
    PersonSeen,
    PostSeen,
    Raw,
    Reason,
)
from app.channels.x.account import XAccount, account_of, profile_url, status_url
from app.channels.x.dialect import Found, items, note_of, references, versions

KEPT = (
    "attachments", "author_id", "conversation_id", "created_at", "display_text_range",
    "edit_history_post_ids", "edit_history_tweet_ids", "id", "in_reply_to_user_id",
    "referenced_posts", "referenced_tweets", "text",
)  # fmt: skip
KEPT_OF_REFERENCED = ("author_id", "edit_history_post_ids", "edit_history_tweet_ids", "id")
KEPT_OF_ENTITIES = {
    "mentions": ("end", "id", "start", "username"),
    "urls": ("display_url", "end", "expanded_url", "media_key", "start", "url"),
}
"""Not the pictures and titles of linked pages: X fetches them later, and they change."""
KINDS = {"photo": "picture", "video": "film", "animated_gif": "film"}
KEY_KINDS = {"3": "picture", "7": "film", "13": "film", "16": "film"}
"""What a media key begins with tells its kind when X leaves the rest out."""
ANSWER_THERE = "https://x.com/intent/post?in_reply_to="
MENTIONS_FIRST = re.compile(r"(?:@\w{1,15}\s+)+")
LINK = "\ufffc"

Item = Mapping[str, Any]


# --- What is kept ------------------------------------------------------------------------------


def raw_of(post: Item, found: Found, *, root: Item | None, author: Item | None, me: str) -> Raw:
    """What we keep of one post: itself, its writer, its conversation's first post, and us.

    Everything in it is the same however the post was met, as long as it is the same on X.
    """
    about = [found.post(one) for kind, one in references(post).items() if kind != "retweeted"]
    referenced = {one["id"]: _picked(one, KEPT_OF_REFERENCED) for one in about if one}
    keys = media_keys(post)
    payload = {
        "post": trimmed(post),
        "author": _picked(author, ("id", "name", "username")) if author else None,
        "root": trimmed(root) if root else None,
        "referenced": referenced,
        "media": [_picked(found.media.get(key, {}), ("alt_text", "type")) for key in keys],
        "me": me,
    }
    return Raw(versions(post)[0], json.dumps(payload, ensure_ascii=False, sort_keys=True))


def trimmed(post: Item) -> dict[str, Any]:
    """A post without what we do not use or what changes by itself."""
    kept = _picked(post, KEPT)
    if entities := _entities(post):
        kept["entities"] = entities
    for name in ("note_tweet", "note_post"):
        note = post.get(name)
        if isinstance(note, Mapping) and isinstance(note.get("text"), str):
            kept[name] = {"text": note["text"], "entities": _entities(note)}
    return kept


def _entities(holder: Item) -> dict[str, Any]:
    entities = holder.get("entities")
    if not isinstance(entities, Mapping):
        return {}
    return {
        kind: [_picked(one, names) for one in items(entities.get(kind))]
        for kind, names in KEPT_OF_ENTITIES.items()
        if entities.get(kind)
    }


def _picked(item: Item, names: Iterable[str]) -> dict[str, Any]:
    return {name: item[name] for name in names if item.get(name) is not None}


def media_keys(post: Item) -> list[str]:
    """The keys of a post's pictures and films, in order."""
    attached = post.get("attachments")
    keys = attached.get("media_keys") if isinstance(attached, Mapping) else None
    return [str(key) for key in keys] if isinstance(keys, list) else []


# --- What it means -----------------------------------------------------------------------------


def message_of(connection: Connection, payload: str, now: datetime) -> MessageSeen:
    """Understand one payload; pure. Raises `NotUnderstood`."""
    try:
        kept = json.loads(payload)
        return _message(account_of(connection), connection.city, kept, now)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise NotUnderstood(f"post on X: {type(error).__name__}") from None


def _message(account: XAccount, city: str, kept: Mapping[str, Any], now: datetime) -> MessageSeen:
    post, me = kept["post"], str(kept["me"])
    ids = versions(post)
    by_city = post.get("author_id") == me
    author = _author(post, kept.get("author"), city if by_city else "")
    written = parse_utc(str(post.get("created_at") or ""))
    root = _root(kept, account, me)
    parent = _parent(post, kept)
    no_answer = None
    if not (by_city or account.enterprise or summoned(post, kept["referenced"], account, me)):
        no_answer = Reason.NOT_SUMMONED
    username = author.handle if author else ""
    return MessageSeen(
        external_id=ids[0],
        post=root,
        text=shown_text(post),
        published_at=written or now,
        author=author,
        parent_external_id=None if root.by_city and parent == root.external_id else parent,
        by_city=by_city,
        url=status_url(username, ids[-1]),
        time_uncertain=written is None,
        alternative_ids=tuple(ids[1:]),
        attachments=_attachments(post, kept.get("media") or []),
        no_answer=no_answer,
        answer_elsewhere=f"{ANSWER_THERE}{ids[-1]}" if no_answer else "",
        can_hide=root.by_city and parent is not None and not by_city,
    )


def _author(post: Item, person: Item | None, city: str) -> PersonSeen | None:
    """Who wrote it: the name as X has it, or only the number when X no longer tells."""
    number = str(post.get("author_id") or "")
    if not number:
        return None
    username = str((person or {}).get("username") or "")
    name = city or str((person or {}).get("name") or "").strip()
    return PersonSeen(number, name, username, profile_url(username, number))


def _root(kept: Mapping[str, Any], account: XAccount, me: str) -> PostSeen:
    """The post that the conversation began with. Its text is the message's own when it is that."""
    post, root = kept["post"], kept.get("root")
    conversation = str(post.get("conversation_id") or versions(post)[0])
    if conversation in versions(post):
        username = str((kept.get("author") or {}).get("username") or "")
        by_city = post.get("author_id") == me
        return PostSeen(versions(post)[0], url=status_url(username, conversation), by_city=by_city)
    if not root:
        by_city = post.get("in_reply_to_user_id") == me and _parent(post, kept) == conversation
        username = account.handle if by_city else ""
        return PostSeen(conversation, url=status_url(username, conversation), by_city=by_city)
    by_city = root.get("author_id") == me
    return PostSeen(
        external_id=versions(root)[0],
        text=shown_text(root),
        url=status_url(account.handle if by_city else "", conversation),
        published_at=parse_utc(str(root.get("created_at") or "")),
        by_city=by_city,
    )


def _parent(post: Item, kept: Mapping[str, Any]) -> str | None:
    """The message that this one answers, by the id of its first version."""
    replied = references(post).get("replied_to")
    if replied is None:
        return None
    for known in (kept["referenced"].get(replied), kept.get("root")):
        if known and replied in versions(known):
            return versions(known)[0]
    return replied


def summoned(post: Item, referenced: Mapping[str, Item], account: XAccount, me: str) -> bool:
    """Whether X lets the account answer this post through the interface.

    X's rule since February 2026: whoever is answered has mentioned the account in that very post,
    or quotes one of its posts.
    """
    for holder in (post, note_of(post)):
        for mention in items((holder.get("entities") or {}).get("mentions")):
            number, name = mention.get("id"), str(mention.get("username") or "")
            if number == me or (not number and name.lower() == account.handle.lower() != ""):
                return True
    quoted = references(post).get("quoted")
    return bool(quoted) and (referenced.get(str(quoted)) or {}).get("author_id") == me


def _attachments(post: Item, media: Sequence[Item]) -> tuple[Attachment, ...]:
    found = []
    for key, told in zip(media_keys(post), media, strict=True):
        kind = KINDS.get(str(told.get("type"))) or KEY_KINDS.get(key.split("_")[0])
        if kind:
            found.append(Attachment(kind, tidy(str(told.get("alt_text") or ""))))
    return tuple(found)


# --- Text -----------------------------------------------------------------------------------


def shown_text(post: Item) -> str:
    """What a person reads: long posts whole, links where they lead, the leading mentions of a reply
    left out where X says that they are not shown."""
    text, urls = _text_and_urls(post)
    begins = _shown_from(post, text)
    return tidy(unescape_once(_with_links(text, urls, begins, _address)))


def reads_as(post: Item, text: str, links: Sequence[str]) -> bool:
    """Whether a post reads as this text, in which X found these links; how X writes links, special
    signs and white space makes no difference."""
    stored, urls = _text_and_urls(post)
    shape = _with_links(stored, urls, _shown_from(post, stored), lambda _one: LINK)
    if _squeezed(unescape_once(shape)) != _squeezed(_with_marks(text, links)):
        return False
    led = [_bare_link(_address(one)) for one in urls]
    meant = [_bare_link(link) for link in links]
    return all(link in led or not led for link in meant)


def _text_and_urls(post: Item) -> tuple[str, list[dict[str, Any]]]:
    holder = note_of(post) or post
    return str(holder["text"]), items((holder.get("entities") or {}).get("urls"))


def _shown_from(post: Item, text: str) -> int:
    """Where the visible text begins: after the mentions that X says it put before a reply."""
    told = post.get("display_text_range")
    start = told[0] if isinstance(told, list) and len(told) == 2 else 0
    if not isinstance(start, int) or not 0 < start <= len(text):
        return 0
    return start if MENTIONS_FIRST.fullmatch(f"{text[:start].rstrip()} ") else 0


def _with_links(text: str, urls: Sequence[Item], begins: int, say: Any) -> str:
    """The text from `begins` with each of X's short links replaced, from the end backwards.

    Places count characters of the text as X sends it, before `&amp;` and the like are read.
    """
    out_of_place = []
    for one in sorted(urls, key=_start, reverse=True):
        start, end, short = _start(one), one.get("end"), str(one.get("url") or "")
        if short and isinstance(end, int) and start >= begins and text[start:end] == short:
            text = text[:start] + say(one) + text[end:]
        elif short:
            out_of_place.append(one)
    shown = text[begins:]
    for one in out_of_place:
        shown = shown.replace(str(one["url"]), say(one))
    return shown


def _start(entity: Item) -> int:
    start = entity.get("start")
    return start if isinstance(start, int) else -1


def _address(entity: Item) -> str:
    """Where a short link leads, written as it would be in the text (which is still escaped)."""
    leads = str(entity.get("expanded_url") or "")
    if not leads.lower().startswith(("https://", "http://")):
        leads = str(entity.get("url") or "")
    return leads.replace("&", "&amp;")


def _with_marks(text: str, links: Sequence[str]) -> str:
    place = 0
    for link in links:
        at = text.find(link, place)
        if at >= 0:
            text = text[:at] + LINK + text[at + len(link) :]
            place = at + 1
    return text


def _bare_link(link: str) -> str:
    bare = unescape_once(link).lower()
    return bare.removeprefix("https://").removeprefix("http://").rstrip("/")


def _squeezed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
