"""The labelled messages: one file per outcome, one message a line, to be read and extended by hand.

A line is JSON with `text`, `department` (a slug or `ingen`), `kind`, and when they apply `urgent`,
`refer` (whom the resident is to be referred to), `also` (a second department), `language`, `post`
(what it was written under), `channel`, `level` (easy, medium, hard), `voice`, `hand` (who wrote).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from classifiers.departments import DEPARTMENTS, load_departments, now_called, who_takes
from classifiers.texts import NO_ANSWER, Text

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
DEV = HERE / "dev"
KINDS = ("fråga", "synpunkt", "felanmälan", "beröm", "övrigt")
PHRASES = "departments.toml"
"""The hand of the departments' own example phrases."""
PHRASE_WEIGHT = 3.0
CODE = ("train.py", "suggest.py", "features.py", "calibrate.py", "corpus.py", "danger.py")


class BadCorpus(ValueError):
    """A line of the corpus cannot be used; the text names file and line, in plain Swedish."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message: what it is about, and what is not known is left out.

    `refer` '' when the matter is the city's own; `also` the slug of a second department; `kind` and
    `language` '' when nobody has said. `weight`: how many ordinary examples it counts as.
    """

    text: Text
    department: str
    kind: str = ""
    urgent: bool = False
    refer: str = ""
    also: str = ""
    language: str = ""
    weight: float = 1.0
    hand: str = ""
    level: str = ""
    voice: str = ""


def read_corpus(folder: Path = CORPUS) -> list[Example]:
    """Every example in the folder's files, in the files' order, under today's departments.

    Raises `BadCorpus`.
    """
    departments = load_departments()
    called = now_called(departments) | {NO_ANSWER: NO_ANSWER}
    found = [
        example for path in sorted(folder.glob("*.jsonl")) for example in _read_file(path, called)
    ]
    return as_departments_are_now(found)


def as_departments_are_now(examples: Sequence[Example]) -> list[Example]:
    """Examples under the departments' present slugs: renamed, split and closed ones heeded."""
    departments = load_departments()
    called = now_called(departments) | {NO_ANSWER: NO_ANSWER}
    takes = who_takes(departments)
    found = []
    for example in examples:
        slug = called.get(example.department, example.department)
        for pattern, other in takes.get(slug, ()):
            if pattern.search(example.text.text):
                slug = other
                break
        if slug:
            also = called.get(example.also, "")
            found.append(replace(example, department=slug, also=also if also != slug else ""))
    return found


def _read_file(path: Path, called: dict[str, str]) -> Iterator[Example]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            for slug in (row["department"], row.get("also") or row["department"]):
                if slug not in called:
                    raise ValueError(f"avdelningen {slug} finns inte")
            if row["kind"] not in KINDS:
                raise ValueError(f"sorten {row['kind']} finns inte")
            if not row["text"].strip():
                raise ValueError("texten är tom")
            yield Example(
                Text(row["text"], row.get("post") or "", row.get("channel") or ""),
                row["department"],
                row["kind"],
                bool(row.get("urgent", False)),
                row.get("refer") or "",
                row.get("also") or "",
                row.get("language") or "",
                hand=row.get("hand") or "",
                level=row.get("level") or "",
                voice=row.get("voice") or "",
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadCorpus(f"{path.name} rad {number}: {error}") from None


def examples_of_departments() -> list[Example]:
    """The example phrases of departments.toml, weighed more than one voice among thousands."""
    return [
        Example(Text(phrase), department.slug, weight=PHRASE_WEIGHT, hand=PHRASES)
        for department in load_departments()
        if not department.closed
        for phrase in department.examples
    ]


def corpus_version(folder: Path = CORPUS) -> str:
    """A short name for exactly this corpus, these departments and this code."""
    digest = hashlib.sha256()
    code = [DEPARTMENTS, *(HERE / name for name in CODE)]
    for path in [*code, *sorted(folder.glob("*.jsonl"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
