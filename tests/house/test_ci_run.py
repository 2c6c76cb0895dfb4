"""What continuous integration sees of `.ci/run`, with a stand-in for make."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".ci"

HURRIED = """
import importlib.util, sys
from importlib.machinery import SourceFileLoader
loader = SourceFileLoader("run", sys.argv[1])
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
sys.dont_write_bytecode = True
loader.exec_module(run)
run.PATIENCE_SECONDS, run.LIMIT_SECONDS = 1, float(sys.argv[2])
sys.exit(run.main())
"""
"""The program as it is, but with less patience."""

CLOSING = "===== 1 failed, 300 passed in 200.12s (0:03:20) ====="


def run(folder: Path, make: str, limit: int = 60) -> tuple[int, list[str]]:
    """.ci/run where `make` is the given shell lines; its exit code and what it printed."""
    (folder / "make").write_text("#!/bin/bash\n" + make)
    (folder / "make").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", HURRIED, str(CI / "run.py"), str(limit)],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("through", [[], ["bash"], ["sh"]])
def test_it_may_be_called_through_any_shell(tmp_path: Path, through: list[str]) -> None:
    """Called directly or given to a shell, it runs make once, in the project's own folder."""
    (tmp_path / "make").write_text(f"#!/bin/bash\npwd\necho '{CLOSING}'\nexit 3\n")
    (tmp_path / "make").chmod(0o755)
    done = subprocess.run(
        [*through, str(CI / "run")],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()) == (3, [str(CI.parent), CLOSING])


@pytest.mark.parametrize("code", [0, 2])
def test_the_exit_code_is_that_of_make(tmp_path: Path, code: int) -> None:
    """Success and failure come through as they are."""
    assert run(tmp_path, f"exit {code}") == (code, [])


def test_the_closing_line_is_the_last(tmp_path: Path) -> None:
    """When make has more to say after pytest, pytest's closing line is said once more."""
    _code, lines = run(tmp_path, f"echo 12 passed in 1.00s; echo '{CLOSING}'; echo make: Error 1")
    assert lines == ["12 passed in 1.00s", CLOSING, "make: Error 1", CLOSING]


def test_the_closing_line_is_not_said_twice_in_a_row(tmp_path: Path) -> None:
    """When pytest's closing line is the last already, nothing is added."""
    assert run(tmp_path, f"echo '{CLOSING}'") == (0, [CLOSING])


def test_time_runs_out(tmp_path: Path) -> None:
    """A run over its time is ended, with exit code 124 and a sentence."""
    code, lines = run(tmp_path, "exec sleep 300", limit=1)
    assert code == 124
    assert "not done in" in lines[0]


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """A process that was left behind, and one that ignores being asked, are ended."""
    left = (
        f"setsid sleep 300 & echo $! > '{tmp_path}/a'\n"
        f'setsid bash -c \'trap "" TERM; echo $$ > "{tmp_path}/b"; while :; do sleep 1; done\' &\n'
        f"until [ -s '{tmp_path}/b' ]; do sleep 0.1; done"
    )
    code, lines = run(tmp_path, left)
    assert code == 0
    assert any("SIGTERM" in line for line in lines)
    assert any("SIGKILL" in line for line in lines)
    for name in ("a", "b"):
        status = Path("/proc") / (tmp_path / name).read_text().strip() / "status"
        assert not status.exists() or "State:\tZ" in status.read_text()
