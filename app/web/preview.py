"""What an answer will look like where it is published, as far as one can tell beforehand.

The platforms change how they show things and tell nobody; where they cut a long text is an estimate
and is called one on the page. Nothing is asked of anybody: it is drawn from the text.
"""

import re
from dataclasses import dataclass

from flask import request

from app.answers.care import language_of
from app.answers.ready import tidy_body
from app.models import Case, Message
from app.web.link_marks import as_sent


@dataclass(frozen=True, slots=True)
class Shows:
    """How a platform shows a comment: how much before "visa mer", and how long a link stays.

    `lines` and `characters` None: everything is shown; `link` None: links stand as written.
    `mentions`: whom it answers stands in front although nobody wrote it.
    """

    lines: int | None = None
    characters: int | None = None
    link: int | None = None
    mentions: bool = False


HOW: dict[str, Shows] = {
    "x": Shows(characters=280, link=26, mentions=True),
    "facebook": Shows(lines=5, characters=480),
    "youtube": Shows(lines=4, characters=400, link=37),
}
"""By channel; one that is not here shows everything as it is written."""

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preview:
    """An answer as it will stand: the account's name over it, and under which comment.

    `pieces`: (kind, text) of what is read at once, kind "" or "link"; `folded`: the same for what
    is behind "visa mer". `mention`: the name that the platform puts in front.
    """

    account: str
    mention: str
    pieces: list[tuple[str, str]]
    folded: list[tuple[str, str]]
    under: Message | None
    language: str


def preview_of(case: Case, body: str, signature: str, under: Message | None) -> Preview:
    """What stands on the platform if this is published now."""
    how, body = HOW.get(case.channel, Shows()), as_sent(case.account, tidy_body(body))
    text = body if not signature or body.endswith(signature) else f"{body}\n\n{signature}"
    first, rest = _cut(text, how)
    return Preview(
        account=case.account.name,
        mention=_mention(under) if how.mentions else "",
        pieces=_linked(first, how),
        folded=_linked(rest, how),
        under=under,
        language=language_of(body),
    )


def _mention(under: Message | None) -> str:
    person = under.person if under is not None else None
    handle = person.handle.lstrip("@") if person is not None else ""
    return f"@{handle}" if handle else ""


def _cut(text: str, how: Shows) -> tuple[str, str]:
    """What is shown at once, and what is behind "visa mer"; a word is not cut in two."""
    at = len(text)
    if how.lines is not None:
        ends = [match.start() for match in re.finditer("\n", text)]
        at = ends[how.lines - 1] if len(ends) >= how.lines else at
    if how.characters is not None and at > how.characters:
        space = text.rfind(" ", 0, how.characters)
        at = space if space > how.characters // 2 else how.characters
    return text[:at].rstrip(), text[at:].lstrip("\n")


def _linked(text: str, how: Shows) -> list[tuple[str, str]]:
    """The text in pieces, links as the platform writes them."""
    pieces: list[tuple[str, str]] = []
    end = 0
    for match in _LINK.finditer(text):
        address = match.group().rstrip(".,;:!?)\"'”’»")
        pieces.append(("", text[end : match.start()]))
        pieces.append(("link", _short(address, how)))
        end = match.start() + len(address)
    pieces.append(("", text[end:]))
    return [piece for piece in pieces if piece[1]]


def _short(address: str, how: Shows) -> str:
    if how.link is None:
        return address
    bare = re.sub(r"^https?://(?:www\.)?", "", address, flags=re.IGNORECASE)
    return bare if len(bare) <= how.link else f"{bare[: how.link]}…"


LANGUAGES = (
    "sv", "en", "ar", "so", "fa", "ti", "uk", "pl", "da", "nb", "de", "bs", "fi", "es", "fr", "tr",
)  # fmt: skip
"""What an answer may be marked as being written in, the usual ones first."""


def languages_for(case: Case) -> tuple[str, ...]:
    """The languages to choose from; the resident's own is always among them."""
    theirs = case.language
    return LANGUAGES if not theirs or theirs in LANGUAGES else (*LANGUAGES, theirs)


def written_in(case: Case, body: str) -> str:
    """The language a person writes in: what they chose, what the text is, else the resident's."""
    chosen = request.values.get("sprak", "")
    if chosen in languages_for(case):
        return chosen
    return language_of(body) or case.language or "sv"
