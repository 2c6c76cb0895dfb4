"""Facts about the project as a whole: what is documented, what no file may hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app import create_app
from app.models.event import EVENT_NAMES
from config import SETTINGS
from tests.conftest import environment
from tests.house.project import (
    LONGEST_SCRIPT_LINE,
    MACHINES,
    REGISTRIES,
    ROOT,
    event_names_used,
    is_ignored,
    lines_with,
    project_files,
    silent_tests,
)


def page(name: str) -> str:
    """The text of a page in docs/; empty when nobody has written it yet."""
    path = ROOT / "docs" / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def texts_in(folder: str) -> dict[Path, str]:
    """The Python sources under a folder, by file."""
    return {file: file.read_text(encoding="utf-8") for file in (ROOT / folder).rglob("*.py")}


def test_every_setting_is_documented() -> None:
    """docs/operations.md names every setting there is, as `NAME`."""
    text = page("operations.md")
    assert [row.name for row in SETTINGS if f"`{row.name}`" not in text] == []


def test_operations_names_no_setting_that_is_gone() -> None:
    """Each `NAME=value` that docs/operations.md shows is a setting there is."""
    shown = set(re.findall(r"\b([A-Z][A-Z0-9_]{3,})=", page("operations.md")))
    assert shown - {row.name for row in SETTINGS} == set()


def commands_of(group: click.Group, before: str) -> Iterator[str]:
    """Every command of ours as one types it; Flask-Migrate's own group is documented elsewhere."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group) and name != "db":
            yield from commands_of(command, f"{before} {name}")
        elif name != "db":
            yield f"{before} {name}"


def test_every_command_is_documented(tmp_path: Path) -> None:
    """docs/operations.md shows every command there is, as `flask name ...`."""
    text = page("operations.md")
    commands = list(commands_of(create_app(environment(tmp_path)).cli, "flask"))
    assert len(commands) > 5
    assert [command for command in commands if f"`{command}" not in text] == []


def test_every_event_is_in_the_glossary() -> None:
    """docs/glossary.md says what every event means, as `name`."""
    text = page("glossary.md")
    assert [name for name in EVENT_NAMES if f"`{name}`" not in text] == []


def test_every_event_written_has_a_name_in_the_table() -> None:
    """What log_event and event_row are called with stands in EVENT_NAMES."""
    used = {name for source in texts_in("app").values() for name in event_names_used(source)}
    assert used - set(EVENT_NAMES) == set()
    assert len(used) > 10


def test_every_event_in_the_table_is_written_by_somebody() -> None:
    """No name stands in EVENT_NAMES that nothing in app/ writes."""
    literals = {
        node.value
        for file, source in texts_in("app").items()
        if file.name != "event.py"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [name for name in EVENT_NAMES if name not in literals] == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is left to pip's and npm's settings on the machine."""
    assert list(lines_with(REGISTRIES, project_files())) == []


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    """No absolute path of a developer's machine stands in any file."""
    assert list(lines_with(MACHINES, project_files())) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('"resolved": "https://registry.' + 'npmjs.org/htmx.org/"', True),
        ("--index-url https://pypi." + "org/simple", True),
        ("https://htmx.org/docs", False),
    ],
)
def test_a_planted_registry_is_found(line: str, found: bool) -> None:
    """The look for registries sees npm's and Python's, and leaves other addresses alone."""
    assert bool(REGISTRIES.search(line)) is found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("cd /" + "home/anna/vaxeln", True),
        ("'/" + "work/main/app'", True),
        ("open(/" + "root/.cache)", True),
        ("https://stad.example.test/work/park", False),
        ("env HOME=/nonexistent", False),
    ],
)
def test_a_planted_path_is_found(line: str, found: bool) -> None:
    """The look for machines' paths sees a home folder, and leaves addresses on the web alone."""
    assert bool(MACHINES.search(line)) is found


def test_no_minified_script_is_ours() -> None:
    """Every script in the project can be read: none is minified, none has endless lines."""
    scripts = [file for file in project_files() if file.suffix in (".js", ".mjs")]
    assert scripts
    minified = [
        file
        for file in scripts
        if file.name.endswith(".min.js")
        or max(map(len, file.read_text(encoding="utf-8").splitlines())) > LONGEST_SCRIPT_LINE
    ]
    assert minified == []


def test_every_test_says_its_fact() -> None:
    """Each test function has a docstring: the sentence that it proves."""
    silent = [
        f"{file.relative_to(ROOT).as_posix()}:{fault}"
        for file, source in texts_in("tests").items()
        for fault in silent_tests(source)
    ]
    assert silent == []


def test_a_silent_test_is_found() -> None:
    """The look for docstrings sees a test without one, in a class too, and leaves others alone."""
    source = (
        'def test_a():\n    """A fact."""\nclass A:\n    async def test_b(self): ...\ndef c(): ...'
    )
    assert silent_tests(source) == ["4: test_b"]


def test_event_names_are_found_in_calls() -> None:
    """The look for events sees plain names and either branch of a choice, not variables."""
    source = 'log_event("a", at=1); event.event_row("b" if x else "c"); log_event(name); other("d")'
    assert event_names_used(source) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        (".venv/bin/python", True),
        ("app/__pycache__/a.pyc", True),
        ("app/translations/en/LC_MESSAGES/messages.mo", True),
        ("app/data/a.py", False),
        ("app/basics/clock.py", False),
    ],
)
def test_an_unpacked_archive_is_read_as_git_would(name: str, ignored: bool) -> None:
    """Without git, what .gitignore names is left out and nothing else."""
    patterns = ["/.venv/", "/data/", "__pycache__/", "*.mo"]
    assert is_ignored(name, patterns) is ignored
