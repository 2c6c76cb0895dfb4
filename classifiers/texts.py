"""What goes in and what comes out: a resident's text, and what the model says of it."""

from dataclasses import dataclass

NO_ANSWER = "ingen"
LOOKED_AT = 4000
"""Characters of a text that are looked at; the matter is told by then."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a resident has said, the post above it, and the channel's name."""

    text: str
    post: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the model says. `certainty` is calibrated (0-1); `words` stand in the text as given.

    `department` is a slug or `ingen`; `next` are the two next best with their certainties;
    `refer` to whom the resident is to be referred when the matter is not the city's own; `also` a
    second department that the matter touches; `urgent_words` why it is urgent, in the text's own
    words; `language` an ISO 639 code.
    """

    department: str
    certainty: float
    next: tuple[tuple[str, float], tuple[str, float]]
    refer: str | None
    kind: str
    urgent: bool
    words: tuple[str, ...]
    model_version: str
    also: str | None = None
    urgent_words: tuple[str, ...] = ()
    language: str = "sv"


def looked_at(text: str) -> str:
    """The part of a text that is looked at, with nothing in it that breaks the encoding."""
    return text[:LOOKED_AT].encode("utf-8", "ignore").decode("utf-8")
