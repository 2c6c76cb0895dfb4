"""Both languages are complete: Swedish stands in the pages, English in its catalogue."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
ENGLISH = ROOT / "app" / "translations" / "en" / "LC_MESSAGES"

PLACEHOLDER = re.compile(r"%\((\w+)\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")

METHODS = [("**.py", "python"), ("web/**.html", "jinja2")]
"""The same as .ci/babel.cfg; `test_make_words_reads_the_same_files` holds them together."""


def words_in_the_pages(folder: Path) -> dict[str | tuple[str, ...], str]:
    """Every text to be translated under `folder`, with the file it was first seen in."""
    options = {"web/**.html": {"trimmed": "true"}}
    keywords = {"gettext": None, "_": None, "lazy_gettext": None, "_l": None, "ngettext": (1, 2)}
    found: dict[str | tuple[str, ...], str] = {}
    for file, _line, text, _comments, _context in extract_from_dir(
        folder, METHODS, options, keywords
    ):
        found.setdefault(text, file)
    return found


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """A text as its forms: one, or singular and plural; none when there is no text."""
    if text is None:
        return ()
    return (text,) if isinstance(text, str) else tuple(text)


def faults_of(text: str | tuple[str, ...], entry: Message | None) -> Iterator[str]:
    """What is wrong with the English for one Swedish text: one word for each fault."""
    if entry is None:
        yield "missing"
        return
    if entry.fuzzy:
        yield "fuzzy"
    swedish, english = forms(text), forms(entry.string)
    if len(english) < len(swedish) or not all(said.strip() for said in english):
        yield "empty"
        return
    for ours, theirs in zip(swedish, english, strict=False):
        if set(PLACEHOLDER.findall(ours)) != set(PLACEHOLDER.findall(theirs)):
            yield "placeholders"


def english_catalogue() -> Catalog:
    """The English catalogue as it stands in the project."""
    with (ENGLISH / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def catalogue(text: str) -> Catalog:
    """A catalogue from the text of a .po file."""
    head = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    return read_po(BytesIO((head + text).encode()), locale="en")


def test_every_text_has_an_english_one() -> None:
    """Each Swedish text of pages and code has an English one, with the same placeholders."""
    english = english_catalogue()
    found = [
        f"{file}: {fault}: {text}"
        for text, file in words_in_the_pages(ROOT / "app").items()
        for fault in faults_of(text, english.get(forms(text)[0]))
    ]
    assert not found, "\n".join(["", "run `make words` and translate:", *found])


def test_the_catalogue_holds_nothing_else() -> None:
    """The English catalogue holds no text that has gone from the pages."""
    used = {forms(text)[0] for text in words_in_the_pages(ROOT / "app")}
    english = english_catalogue()
    kept = {forms(entry.id)[0] for entry in english if entry.id}
    assert kept - used == set()
    assert not english.obsolete


def test_set_up_compiled_the_catalogue() -> None:
    """What the pages read (the .mo file) is as new as what translators write (the .po file)."""
    with (ENGLISH / "messages.mo").open("rb") as file:
        compiled = {forms(entry.id): forms(entry.string) for entry in read_mo(file) if entry.id}
    written = {
        forms(entry.id): forms(entry.string)
        for entry in english_catalogue()
        if entry.id and all(forms(entry.string)) and not entry.fuzzy
    }
    assert {text: compiled.get(text) for text in written} == written


def test_make_words_reads_the_same_files() -> None:
    """.ci/babel.cfg, which `make words` uses, names the files that these tests look in."""
    text = (ROOT / ".ci" / "babel.cfg").read_text(encoding="utf-8")
    assert re.findall(r"^\[(\w+): (.+)\]$", text, re.MULTILINE) == [
        (method, pattern) for pattern, method in METHODS
    ]


def test_words_are_found_in_code_and_pages(tmp_path: Path) -> None:
    """The look for texts finds them in Python, in pages, and in both forms of a plural."""
    (tmp_path / "web" / "pages").mkdir(parents=True)
    (tmp_path / "a.py").write_text('gettext("Hej")\nngettext("%(n)d svar", "%(n)d svar till", 2)')
    (tmp_path / "web" / "pages" / "a.html").write_text("<p>{{ _('Inkorgen') }}</p>")
    found = words_in_the_pages(tmp_path)
    assert set(found) == {"Hej", ("%(n)d svar", "%(n)d svar till"), "Inkorgen"}


@pytest.mark.parametrize(
    ("swedish", "english", "faults"),
    [
        ("Hej", 'msgid "Hej"\nmsgstr "Hello"', []),
        ("Hej", 'msgid "Nej"\nmsgstr "No"', ["missing"]),
        ("Hej", 'msgid "Hej"\nmsgstr ""', ["empty"]),
        ("Hej", '#, fuzzy\nmsgid "Hej"\nmsgstr "Hello"', ["fuzzy"]),
        ("%(n)d av", 'msgid "%(n)d av"\nmsgstr "of"', ["placeholders"]),
        ("av", 'msgid "av"\nmsgstr "%(n)d of"', ["placeholders"]),
        (
            ("ett svar", "%(num)d svar"),
            'msgid "ett svar"\nmsgid_plural "%(num)d svar"\n'
            'msgstr[0] "one answer"\nmsgstr[1] "%(num)d answers"',
            [],
        ),
        (
            ("ett svar", "%(num)d svar"),
            'msgid "ett svar"\nmsgid_plural "%(num)d svar"\nmsgstr[0] "one"\nmsgstr[1] ""',
            ["empty"],
        ),
    ],
)
def test_a_planted_fault_is_found(
    swedish: str | tuple[str, ...], english: str, faults: list[str]
) -> None:
    """A text that is missing, empty, unsure or without its placeholders is seen as such."""
    entry = catalogue(english + "\n").get(forms(swedish)[0])
    assert list(faults_of(swedish, entry)) == faults
