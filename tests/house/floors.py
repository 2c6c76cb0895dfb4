"""The house's floors and the imports that break them, read from the source with `ast`."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FLOORS: tuple[tuple[str, ...], ...] = (
    ("wsgi",),
    ("app",),
    ("app.commands",),
    ("app.schedule", "app.start", "app.web"),
    ("app.reports",),
    ("app.records",),
    ("app.answers",),
    ("app.collecting",),
    ("app.routing",),
    ("app.inbox",),
    ("app.people",),
    ("app.models",),
    ("app.database", "app.channels"),
    ("app.basics", "classifiers", "config"),
)
"""From the top down. Rooms on one line do not know each other; `app` is app/__init__.py alone."""

HEIGHT = {room: len(FLOORS) - line for line, rooms in enumerate(FLOORS) for room in rooms}

CHANNELS_SHARE = ("app.channels.base", "app.channels.web_requests")
"""What every channel may know of the others' folder: the contract, and the one way out to the net."""

MAY_KNOW_FLASK = ("app", "app.commands", "app.web")
MAY_NAME_FLASK = ("app.schedule", "app.start")
"""They are handed the application to run it, so they name its type (under TYPE_CHECKING) only."""

NEVER_TABLES = ("app.channels", "app.basics", "classifiers", "config")


@dataclass(frozen=True)
class Import:
    """One import: who, on which line, of what; whether only for types, whether in a function."""

    file: str
    line: int
    module: str
    target: str
    for_types: bool
    in_function: bool


def module_of(file: Path, root: Path) -> str:
    """The dotted name of a source file: app/web/__init__.py is app.web."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(root: Path) -> list[Path]:
    """The files that the floors are about."""
    folders = [file for name in ("app", "classifiers") for file in (root / name).rglob("*.py")]
    return sorted([*folders, *(root / name for name in ("config.py", "wsgi.py"))])


def room_of(module: str) -> str | None:
    """The room a module of ours is in; None for what is not ours or stands in no room."""
    if module in HEIGHT:
        return module
    return next(
        (room for room in HEIGHT if room != "app" and module.startswith(room + ".")),
        None,
    )


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - 1 if is_package else node.level
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])


def _targets(node: ast.AST, file: Path, root: Path) -> Iterator[str]:
    """What one node imports: `from app import web` is app.web when that is a module."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, module_of(file, root), file.name == "__init__.py")
        for name in node.names:
            inner = root.joinpath(*base.split("."), name.name)
            is_module = inner.with_suffix(".py").exists() or inner.is_dir()
            yield f"{base}.{name.name}" if is_module else base
    elif isinstance(node, ast.Call) and node.args:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        first = node.args[0]
        if called in ("import_module", "__import__") and isinstance(first, ast.Constant):
            yield str(first.value)


def imports_of(file: Path, root: Path) -> Iterator[Import]:
    """Every import in a file, also those in functions, under TYPE_CHECKING and by import_module."""

    def walk(node: ast.AST, for_types: bool, in_function: bool) -> Iterator[Import]:
        for target in dict.fromkeys(_targets(node, file, root)):
            name = file.relative_to(root).as_posix()
            line = getattr(node, "lineno", 0)
            yield Import(name, line, module_of(file, root), target, for_types, in_function)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for inner in node.body:
                yield from walk(inner, True, in_function)
            for inner in node.orelse:
                yield from walk(inner, for_types, in_function)
            return
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, for_types, inside)

    yield from walk(ast.parse(file.read_text(encoding="utf-8")), False, False)


def _of_floors(found: Import) -> str | None:
    own, other = room_of(found.module), room_of(found.target)
    if own is None or other is None or own == other or HEIGHT[other] < HEIGHT[own]:
        return None
    return f"{'goes sideways' if HEIGHT[other] == HEIGHT[own] else 'climbs'} from {own} to {other}"


def _of_channels(found: Import) -> str | None:
    if not (found.module + ".").startswith("app.channels."):
        return None
    own, other = (".".join(name.split(".")[:3]) for name in (found.module, found.target))
    shared = () if own == CHANNELS_SHARE[0] else CHANNELS_SHARE
    if not other.startswith("app.channels") or other == own or other in shared:
        return None
    return f"knows another channel, {other}"


def _of_packages(found: Import) -> str | None:
    own, package = room_of(found.module), found.target.split(".")[0]
    if package in ("sqlalchemy", "alembic") and own in NEVER_TABLES:
        return f"knows tables ({package})"
    if package != "flask" and not package.startswith("flask_"):
        return None
    named = own in MAY_NAME_FLASK and found.for_types
    if own in MAY_KNOW_FLASK or named or (own, package) == ("app.database", "flask_sqlalchemy"):
        return None
    return f"knows Flask ({package})"


def _of_root(found: Import) -> str | None:
    harmless = found.target.split(".")[0] in sys.stdlib_module_names
    if found.module != "app" or found.in_function or found.for_types or harmless:
        return None
    return "imports outside its functions"


RULES = (_of_floors, _of_channels, _of_packages, _of_root)


def faults(root: Path) -> list[str]:
    """One sentence for each import under `root` that breaks a rule, with file and line."""
    found = []
    for file in sources(root):
        module = module_of(file, root)
        if room_of(module) is None:
            found.append(f"{file.relative_to(root).as_posix()}: {module} stands on no floor")
        for one in imports_of(file, root):
            said = (rule(one) for rule in RULES)
            found += [f"{one.file}:{one.line}: {one.target}: {fault}" for fault in said if fault]
    return found
