"""Reads departments.toml: which departments there are and what they answer for."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEPARTMENTS = Path(__file__).parent / "departments.toml"
OFFICE = {day: [["08:00", "16:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}


class BadDepartments(ValueError):
    """The file cannot be used; the text says what is wrong and where, in plain Swedish."""


@dataclass(frozen=True, slots=True)
class Department:
    """One entry. `opening_hours` as {"mon": [["08:00", "16:30"]], ...}, local time."""

    slug: str
    name_sv: str
    name_en: str
    short_sv: str
    short_en: str
    answers_for_sv: str
    answers_for_en: str
    restricted: bool
    company: bool
    opening_hours: dict[str, list[list[str]]]
    examples: tuple[str, ...]
    formerly: tuple[str, ...] = ()
    """Slugs it had before: its cases and what was learnt under them stay its own."""
    closed: bool = False
    moved_to: str = ""
    """When closed: the slug of the department that answers instead."""
    split_from: str = ""
    takes: tuple[str, ...] = ()
    """When split from another: words (`*` for any ending) whose matters came along."""


def load_departments(path: Path | None = None) -> tuple[Department, ...]:
    """Every department of the file, in its order, closed ones too. Raises `BadDepartments`."""
    path = path or DEPARTMENTS
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("department", [])
    except OSError as error:
        raise BadDepartments(f"{path.name} går inte att läsa: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadDepartments(f"{path.name} är inte riktig TOML: {error}") from None
    if not entries:
        raise BadDepartments(f"{path.name} har ingen [[department]]")
    found = tuple(_one(number, entry) for number, entry in enumerate(entries, 1))
    slugs = [department.slug for department in found]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise BadDepartments(f"avdelningen {slug} finns två gånger")
    for department in found:
        for name in ("moved_to", "split_from"):
            other = getattr(department, name)
            if other and (other not in slugs or other == department.slug):
                raise BadDepartments(f"avdelningen {department.slug}: {name} {other} finns inte")
        for old in department.formerly:
            if old in slugs:
                raise BadDepartments(f"avdelningen {department.slug} kan inte ha hetat {old}")
    if all(department.closed for department in found):
        raise BadDepartments(f"{path.name} har ingen öppen avdelning")
    return found


def now_called(departments: Iterable[Department]) -> dict[str, str]:
    """Every slug there is or was, and whose its matters are now; '' when nobody's."""
    called: dict[str, str] = {}
    for one in departments:
        now = one.moved_to if one.closed else one.slug
        called |= dict.fromkeys((one.slug, *one.formerly), now)
    return {slug: called.get(now, now) for slug, now in called.items()}


def who_takes(departments: Iterable[Department]) -> dict[str, list[tuple[re.Pattern[str], str]]]:
    """Per department that was split: which words went to whom."""
    found: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for one in departments:
        if one.split_from and one.takes and not one.closed:
            words = "|".join(
                re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "")
                for word in one.takes
            )
            pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
            found.setdefault(one.split_from, []).append((pattern, one.slug))
    return found


def _one(number: int, entry: Mapping[str, Any]) -> Department:
    slug = str(entry.get("slug", ""))
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,38}", slug) or slug == "ingen":
        raise BadDepartments(f"avdelning nummer {number} behöver en slug med a-z, 0-9 och -")
    for name in ("name_sv", "name_en"):
        if not entry.get(name):
            raise BadDepartments(f"avdelningen {slug} saknar {name}")
    return Department(
        slug=slug,
        name_sv=entry["name_sv"],
        name_en=entry["name_en"],
        short_sv=entry.get("short_sv", entry["name_sv"]),
        short_en=entry.get("short_en", entry["name_en"]),
        answers_for_sv=entry.get("answers_for_sv", ""),
        answers_for_en=entry.get("answers_for_en", ""),
        restricted=bool(entry.get("restricted", False)),
        company=bool(entry.get("company", False)),
        opening_hours=dict(entry.get("opening_hours", OFFICE)),
        examples=tuple(entry.get("examples", ())),
        formerly=tuple(entry.get("formerly", ())),
        closed=bool(entry.get("closed", False)),
        moved_to=str(entry.get("moved_to", "")),
        split_from=str(entry.get("split_from", "")),
        takes=tuple(entry.get("takes", ())),
    )
