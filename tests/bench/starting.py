"""How soon the first page is there, how much memory each process takes, comment to inbox."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from app.channels.practice import PracticeTown
from app.people.practice import PRACTICE_PASSWORD
from config import ROOT
from tests.conftest import free_port


def run(folder: Path) -> None:
    """Start Växeln as `make run` does, time its first page, and read its processes' memory."""
    port = free_port()
    place = folder / "start"
    settings = {**os.environ, "DATA_DIR": str(place), "PORT": str(port), "POLL_FLOOR": "1",
                "POLL_CEILING": "1", "COLLECT_EVERY": "1", "LOG_LEVEL": "error"}  # fmt: skip
    for again in ("first start", "second start"):
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "start"],
            cwd=ROOT, env=settings, start_new_session=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for(f"http://127.0.0.1:{port}/logga-in")
        print(f"{again}, first page        {time.perf_counter() - started:8.1f} s")
        if again == "second start":
            comment_to_inbox(place)
            use_pages(port)
            for name, size in memory(process.pid).items():
                print(f"memory, {name:<20}{size:8.0f} MB")
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_for(address: str) -> None:
    """Until the page answers; at most 30 seconds."""
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)


def comment_to_inbox(place: Path) -> None:
    """Seconds from a comment in the town until its case lies in the inbox with a suggestion."""
    import sqlite3

    town = PracticeTown.open(place, "Övningsstaden")
    taken = []
    for number in range(5):
        time.sleep(1.3)
        started = time.perf_counter()
        town.says(f"Mätning {number}", at=datetime.now(UTC), author=f"Mätare {number}")
        with sqlite3.connect(place / "vaxeln.sqlite") as file:
            while not file.execute(
                "SELECT 1 FROM cases JOIN suggestions ON case_id = cases.id WHERE person_name = ?",
                (f"Mätare {number}",),
            ).fetchone():
                assert time.perf_counter() - started < 30
                time.sleep(0.02)
        taken.append(time.perf_counter() - started)
    print(f"comment to inbox, looks each second {max(taken):.1f} s at most, {min(taken):.1f} least")


def use_pages(port: int) -> None:
    """Sign in and look around, so that the web workers have done real work."""
    import re
    from http.cookiejar import CookieJar
    from urllib.parse import urlencode
    from urllib.request import HTTPCookieProcessor, build_opener

    base = f"http://127.0.0.1:{port}"
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    page = opener.open(f"{base}/logga-in").read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "login": "anna", "password": PRACTICE_PASSWORD}
    opener.open(f"{base}/logga-in", urlencode(form).encode())
    for number in range(120):
        opener.open(f"{base}/arenden" if number % 2 else f"{base}/arenden/{1 + number // 2}").read()


def memory(parent: int) -> dict[str, float]:
    """Resident megabytes of the children's processes by what they are."""
    found: dict[str, float] = {}
    told = subprocess.run(
        ["ps", "-eo", "pid,ppid,rss,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]
    rows = [(int(a), int(b), int(c), d) for a, b, c, d in (line.split(None, 3) for line in told)]
    family = {parent}
    for _ in range(3):
        family |= {pid for pid, ppid, _rss, _args in rows if ppid in family}
    for pid, ppid, rss, args in rows:
        if pid not in family or pid == parent:
            continue
        if "gunicorn" in args:
            master = not any(p in family and "gunicorn" in a for p, _q, _r, a in rows if p == ppid)
            name = "gunicorn's master" if master else "web worker"
        else:
            name = "collector with model"
        found[name] = max(found.get(name, 0.0), rss / 1024)
    return found
