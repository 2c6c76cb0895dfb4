"""Reads the project's own files for the house tests."""

import ast
import fnmatch
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

REGISTRIES = re.compile(
    r"registry\.(npmjs|yarnpkg)\.|\bpypi\.(org|python)|pythonhosted\.|\bpypi[\w-]*mirror"
    r"|//[\w.-]*(artifactory|devpi|nexus|verdaccio)[\w.-]*/",
    re.IGNORECASE,
)
"""Where packages come from is the machine's business: pip's and npm's own settings say it."""

MACHINES = re.compile(r"(?<![\w.\-/])/(?:(?:home|Users|farm|work)/[\w.-]+|root/[\w.-]+|farm\b)")
"""Absolute paths of somebody's machine."""

LONGEST_SCRIPT_LINE = 500


def is_ignored(name: str, patterns: list[str]) -> bool:
    """Whether .gitignore's plain kinds of line (/folder/, name/, *.ext) hold for a path."""
    return any(
        name.startswith(pattern[1:])
        if pattern.startswith("/")
        else any(fnmatch.fnmatch(part, pattern.strip("/")) for part in name.split("/"))
        for pattern in patterns
    )


def project_files(root: Path = ROOT) -> list[Path]:
    """What is in git or would be if added; in an unpacked archive, what .gitignore lets through."""
    if not (root / ".git").exists():
        patterns = (root / ".gitignore").read_text(encoding="utf-8").split()
        found = (file for file in root.rglob("*") if file.is_file())
        return sorted(f for f in found if not is_ignored(f.relative_to(root).as_posix(), patterns))
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
        text=True,
    )
    names = sorted({name for name in asked.stdout.split("\0") if name})
    return [root / name for name in names if (root / name).is_file()]


def lines_with(pattern: re.Pattern[str], files: list[Path]) -> Iterator[str]:
    """`file:line: text` for every line of text that the pattern is found in."""
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                yield f"{file.relative_to(ROOT).as_posix()}:{number}: {line.strip()[:120]}"


def silent_tests(source: str) -> list[str]:
    """The test functions in a source text whose docstring is missing or more than a sentence."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        said = ast.get_docstring(node) or ""
        if node.name.startswith("test_") and not said.rstrip().endswith((".", "?")):
            found.append(f"{node.lineno}: {node.name}")
    return found


def event_names_used(source: str) -> set[str]:
    """The names given as text to log_event and event_row, also in `a if b else c`."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in ("log_event", "event_row"):
            first = node.args[0]
            choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            names |= {str(one.value) for one in choices if isinstance(one, ast.Constant)}
    return names
