"""What continuous integration runs, in a clean clone: `make test`, bounded in time.

The exit code is that of `make test` (124 when time ran out, 128 + signal when it was ended).
pytest's closing line is the last one printed. No process that it started outlives it.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

LIMIT_SECONDS = 3000
"""For everything, against hanging for ever: 24 minutes is usual on two cores."""

PATIENCE_SECONDS = 20
"""How long what is asked to end may take, before it is ended; servers need a few seconds."""

OUT_OF_TIME = 124
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans among our descendants become our children

CLOSING = re.compile(rb"^=+ .*\b(passed|failed|error|errors|skipped|no tests ran)\b.* in [\d.]+s")


def family() -> list[int]:
    """The numbers of all our descendants that still run, nearest first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        state, parent = stat.rpartition(")")[2].split()[:2]
        if state != "Z":
            children.setdefault(int(parent), []).append(int(entry.name))
    found = [os.getpid()]
    for number in found:
        found.extend(children.get(number, []))
    return found[1:]


def wait_for_the_family(seconds: float) -> bool:
    """Give what still runs some seconds; whether all have ended by themselves."""
    until = time.monotonic() + seconds
    while family():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def end_the_family() -> None:
    """End every process that came of us: by itself, else on SIGTERM, else by SIGKILL."""
    if wait_for_the_family(PATIENCE_SECONDS):
        return
    for how in (signal.SIGTERM, signal.SIGKILL):
        for number in family():
            print(f"run: ending process {number}, which was left ({how.name})", flush=True)
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, how)
        if wait_for_the_family(PATIENCE_SECONDS):
            return


class Run:
    """`make test`, its output passed on as it comes."""

    def __init__(self) -> None:
        self.closing = b""
        self.lines_since = 0
        self.process = subprocess.Popen(
            ["make", "test"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self.pass_on, daemon=True)
        self.reader.start()

    def pass_on(self) -> None:
        """Print each line; remember pytest's closing one."""
        for line in self.process.stdout or ():
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            self.lines_since += 1
            if CLOSING.match(line):
                self.closing, self.lines_since = line, 0

    def end(self, how: int = signal.SIGTERM) -> None:
        """Ask make and what it runs in its group to end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)

    def exit_code(self) -> int:
        """Wait for the end; the exit code to pass on."""
        try:
            code = self.process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"run: not done in {LIMIT_SECONDS} seconds; ending it", flush=True)
            self.end()
            code = OUT_OF_TIME
        return 128 - code if code < 0 else code


def main() -> int:
    """Run the tests, end what is left, say pytest's closing line."""
    os.chdir(Path(__file__).resolve().parents[1])
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    run = Run()
    asked: list[int] = []

    def pass_signal_on(number: int, _frame: object) -> None:
        asked.append(number)
        run.end()

    signal.signal(signal.SIGTERM, pass_signal_on)
    signal.signal(signal.SIGINT, pass_signal_on)
    code = run.exit_code()
    end_the_family()
    run.reader.join(5)
    if run.closing and run.lines_since:
        sys.stdout.buffer.write(run.closing)
        sys.stdout.buffer.flush()
    return 128 + asked[0] if asked else code


if __name__ == "__main__":
    sys.exit(main())
