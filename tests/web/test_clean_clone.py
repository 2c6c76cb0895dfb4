"""What a newcomer does: clone into an empty folder, `make run`, and the practice town is there."""

import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from app.people.practice import PRACTICE_PASSWORD
from config import ROOT, SETTINGS
from tests.conftest import free_port
from tests.house.project import project_files
from tests.web.test_roles import token

SECONDS = 600
"""For everything; a quiet machine with a near mirror takes less than half a minute."""


def clone(folder: Path) -> None:
    """A clean clone; of an unpacked archive, which has no history, a copy of what is its own."""
    if (ROOT / ".git").exists():
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True)
        return
    for file in project_files():
        there = folder / file.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, there)


def newcomers_environment(port: int) -> dict[str, str]:
    """The environment of somebody who has set nothing but the port."""
    ours = {row.name for row in SETTINGS} | {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in ours} | {
        "PORT": str(port)
    }


def wait_for_page(address: str, process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The first page that answers there."""
    until = time.monotonic() + SECONDS
    while True:
        with suppress(requests.RequestException):
            return requests.get(address, timeout=10).text
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


@pytest.mark.xdist_group("clean_clone")
def test_a_clean_clone_answers_with_the_practice_town(tmp_path):
    """`make run` in a clean clone sets everything up, answers on its port, and Anna has an inbox."""
    folder, log, port = tmp_path / "vaxeln", tmp_path / "log", free_port()
    clone(folder)
    assert not (folder / ".venv").exists()
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "run"], cwd=folder, env=newcomers_environment(port),
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        page = wait_for_page(f"http://127.0.0.1:{port}/logga-in", process, log)
        print(f"first page after {time.monotonic() - began:.0f} seconds")
        assert "Anna Holm" in page
        with requests.Session() as visitor:
            page = visitor.get(f"http://127.0.0.1:{port}/logga-in", timeout=60).text
            form = {"csrf_token": token(page), "login": "anna", "password": PRACTICE_PASSWORD}
            visitor.post(f"http://127.0.0.1:{port}/logga-in", data=form, timeout=60)
            until = time.monotonic() + 120
            while not re.search(r'class="rw[ "]', page):
                assert time.monotonic() < until, log.read_text()
                page = visitor.get(f"http://127.0.0.1:{port}/arenden", timeout=60).text
                time.sleep(0.2)
        assert "Övningsstaden" in page
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
    assert f"http://127.0.0.1:{port}/" in log.read_text()
    assert (folder / "data" / "vaxeln.sqlite").exists()
