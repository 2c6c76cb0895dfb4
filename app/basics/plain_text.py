"""From what platforms give to what people read: HTML to text, and tidy text as it was typed."""

import hashlib
import html
import re
import unicodedata

LONGEST = 1_000_000
"""Characters looked at; what is longer is cut (the raw payload keeps it all)."""

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\ufeff]")
_BLANKS_AT_END = re.compile(r"[ \t\u00a0]+\n")
_EMPTY_LINES = re.compile(r"\n{3,}")
_TAG_OR_ENTITY = re.compile(r"[<&]")
_JOINERS = frozenset("\u200d\ufe0f\ufe0e")
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "img", "li", "ol", "p", "pre", "q", "s", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "th", "tr", "u", "ul",
}  # fmt: skip


def tidy(text: str) -> str:
    """Plain text as it was typed, with nothing in it that is no text.

    `<`, `>` and `&` mean themselves. Line ends become one kind, blanks at their ends go, at most
    one line is left empty.
    """
    text = _NOT_TEXT.sub("", _LINE_ENDS.sub("\n", text[:LONGEST]))
    text = _BLANKS_AT_END.sub("\n", text)
    return _EMPTY_LINES.sub("\n\n", text).strip()


def plain_text(source: str) -> str:
    """HTML as readable text: paragraphs, breaks and lists kept, pictures as their alt text.

    Links keep their address when it says more than their words. Entities are decoded once.
    Scripts and styles are dropped. Looks at the first `LONGEST` characters.
    """
    source = source[:LONGEST]
    if not _TAG_OR_ENTITY.search(source):
        return tidy(source)
    if "<" not in source:
        return tidy(html.unescape(source))
    return tidy(_render(_clean(_NOT_TEXT.sub("", source))))


def _clean(source: str) -> str:
    """Only tags that carry reading; nothing that runs or loads."""
    import nh3

    return nh3.clean(
        source,
        tags=_TAGS,
        attributes={"a": {"href"}, "img": {"alt"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        clean_content_tags={"script", "style", "template", "noscript", "iframe", "object"},
    )


def _render(clean: str) -> str:
    import lxml.html
    from inscriptis import Inscriptis
    from inscriptis.css_profiles import STRICT_CSS_PROFILE
    from inscriptis.model.config import ParserConfig

    tree = lxml.html.fromstring(f"<div>{clean}</div>")
    for link in tree.iter("a"):
        address, words = link.get("href", ""), link.text_content().strip()
        bare = address.removeprefix("https://").removeprefix("http://").removeprefix("mailto:")
        if address and bare.rstrip("/") not in words and words.rstrip("…. ") not in address:
            link.tail = f" ({address}){link.tail or ''}"
    for picture in tree.iter("img"):
        picture.tail = f"{picture.get('alt', '')}{picture.tail or ''}"
    text: str = Inscriptis(tree, ParserConfig(css=STRICT_CSS_PROFILE)).get_text()
    return text


def unescape_once(text: str) -> str:
    """Entities to characters, once: `&amp;lt;` becomes `&lt;`."""
    return html.unescape(text)


def one_line(text: str, length: int) -> str:
    """The text on one line, cut to `length` characters."""
    return cut(" ".join(text[: length * 4].split()), length)


def cut(text: str, length: int) -> str:
    """At most `length` characters, ended by … when cut; never inside a character with its marks."""
    if len(text) <= length:
        return text
    end = max(length - 1, 0)
    while end > 0 and _joined(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _joined(text: str, at: int) -> bool:
    """Whether cutting before `at` would tear a character from its marks."""
    here = text[at]
    return (
        unicodedata.combining(here) > 0
        or here in _JOINERS
        or 0x1F3FB <= ord(here) <= 0x1F3FF
        or text[at - 1] == "\u200d"
    )


def content_hash(*parts: str) -> str:
    """A short name (40 hex digits) for exactly these parts in this order."""
    joined = "\x1f".join(parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:40]
