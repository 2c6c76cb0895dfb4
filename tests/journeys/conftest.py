"""A served Växeln and a real browser."""

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = Path(os.environ.get("JOURNEY_PICTURES", Path(__file__).parents[2] / "data" / "journeys"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Served:
    """The address under which the application answers a browser."""

    url: str


@pytest.fixture
def served(app: Flask) -> Iterator[Served]:
    """The application behind a real socket, in a thread."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """Headless Chromium, one for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh page that fails the test on any script error, refused policy or foreign request."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="sv-SE")
    page = context.new_page()
    page.set_default_timeout(15_000)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    page.on(
        "console",
        lambda said: (
            troubles.append(f"console: {said.text}")
            if said.type == "error" and "status of 4" not in said.text
            else None
        ),
    )
    page.on(
        "request",
        lambda asked: (
            troubles.append(f"foreign: {asked.url}")
            if not asked.url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:"))
            else None
        ),
    )
    yield page
    context.close()
    assert troubles == []


def sign_in(page: Page, served: Served, login: str, password: str) -> None:
    """Sign in as a person does."""
    page.goto(f"{served.url}/logga-in")
    page.get_by_label("Inloggning").fill(login)
    page.get_by_label("Lösenord", exact=True).fill(password)
    page.get_by_role("button", name="Logga in", exact=True).click()
    page.wait_for_url("**/arenden**")


def faults_of(page: Page, within: str = "html") -> list[dict[str, Any]]:
    """What axe-core finds wrong on the page, or in a part of it: rule, and the first places."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        """([within, values]) => axe.run(within === "html" ? document : within,
          {runOnly: {type: "tag", values}, resultTypes: ["violations"]})
          .then((found) => found.violations.map((one) => ({
            rule: one.id, where: one.nodes.map((node) => node.target).slice(0, 3)})))""",
        [within, RULES],
    )
    return found


def keep(page: Page, what: str) -> None:
    """A picture of the page as it stands, in the test's folder, numbered in the order taken."""
    test = re.sub(r"\W+", "_", os.environ["PYTEST_CURRENT_TEST"].split("::")[-1].split(" ")[0])
    folder = PICTURES / test.strip("_")
    folder.mkdir(parents=True, exist_ok=True)
    taken = _TAKEN.setdefault(test, [])
    taken.append(what)
    page.screenshot(path=folder / f"{len(taken):02}-{what}.png", animations="disabled")


_TAKEN: dict[str, list[str]] = {}
"""The pictures of each test of this run, by what they show."""
