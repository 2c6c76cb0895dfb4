"""The list page's server time at 1 000 and at 100 000 cases, and how many statements it takes."""

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from flask import Flask
from sqlalchemy import event, insert, select, text

from app.database import db, writing
from app.models import Account, Case, Department, Person, Post
from app.people.staff import add_staff
from tests.bench.receiving import a_source
from tests.bench.town import fresh_app

NOW = datetime.now(UTC)
SIZES = (1_000, 100_000)
LOOKS = 60
PASSWORD = "ett långt lösenord"


def run(folder: Path, url: str) -> None:
    """Measure and print two lines."""
    times: dict[int, float] = {}
    for size in SIZES:
        app = fresh_app(folder, url, NOW)
        with app.app_context():
            a_source()
            fill(size)
            add_staff(login="anna", name="Anna Holm", role="customer_service", department="",
                      password=PASSWORD, now=NOW)  # fmt: skip
            client = signed_in(app)
            times[size], statements, worst = look(client)
            case_time = look(client, "/arenden/1")[0]
        print(
            f"list page, {size:>7} cases     {times[size]:8.1f} ms (slowest view {worst:.1f} ms,"
            f" {statements} statements), case page {case_time:.1f} ms"
        )
    print(f"  100 000 beside 1 000        x{times[SIZES[1]] / times[SIZES[0]]:.2f}")


def fill(size: int) -> None:
    """Cases as a city has them: nine in ten done, the rest spread over departments and states."""
    chance = random.Random(3)
    account_id = db.session.scalar(select(Account.id))
    departments = [*db.session.scalars(select(Department.id)), None]
    rows: list[dict[str, Any]] = []
    with writing():
        db.session.execute(
            insert(Post),
            [{"account_id": account_id, "external_id": f"p{n}", "title": "", "text": "", "url": "",
              "by_city": True} for n in range(size // 20 + 1)],
        )  # fmt: skip
        db.session.execute(
            insert(Person),
            [{"channel": "practice", "external_id": f"r{n}", "name": f"Invånare {n}", "handle": "",
              "url": "", "first_seen_at": NOW} for n in range(size)],
        )  # fmt: skip
    for number in range(size):
        done = chance.random() < 0.9
        since = NOW - timedelta(minutes=chance.randrange(60 * 24 * (400 if done else 6)))
        rows.append(
            {
                "account_id": account_id, "channel": "practice", "post_id": number // 20 + 1,
                "person_id": number + 1, "person_name": f"Invånare {number}",
                "snippet": "När plogas det på vår gata och vem bestämmer ordningen egentligen?",
                "state": "closed" if done else chance.choice(["new", "ongoing", "reopened"]),
                "is_open": not done, "outcome": "answered" if done else None, "outcome_reason": "",
                "department_id": chance.choice(departments), "routed_by": "model",
                "no_answer_needed": False, "refer_to": "", "certainty": chance.random(),
                "kind": "fråga", "urgent": False, "route_wanted": False, "version": 1,
                "opened_at": since, "waiting_since": None if done else since,
                "last_word_at": since, "sort_at": since, "closed_at": since if done else None,
            }
        )  # fmt: skip
    for first in range(0, size, 5000):
        with writing():
            db.session.execute(insert(Case), rows[first : first + 5000])
    db.session.commit()
    statement = "ANALYZE" if db.engine.name == "sqlite" else "VACUUM ANALYZE"
    with db.engine.connect() as connection:
        if db.engine.name != "sqlite":
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(statement))
        if db.engine.name == "sqlite":
            connection.commit()


def signed_in(app: Flask) -> Any:
    """A client with Anna signed in."""
    client = app.test_client()
    page = client.get("/logga-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    client.post("/logga-in", data={"csrf_token": token[1], "login": "anna", "password": PASSWORD})
    return client


def look(client: Any, path: str = "") -> tuple[float, int, float]:
    """Median milliseconds, statements a page, and the slowest view's median."""
    views = [path] if path else [
        "/arenden", "/arenden?vy=klara", "/arenden?vy=osakra", "/arenden?avdelning=gata-park",
        "/arenden?kanal=practice", "/arenden?vy=otilldelade",
    ]  # fmt: skip
    counted = 0

    def count(*_anything: object) -> None:
        nonlocal counted
        counted += 1

    medians = []
    for view in views:
        taken = []
        for number in range(LOOKS):
            if number == LOOKS - 1 and view == views[0]:
                event.listen(db.engine, "before_cursor_execute", count)
            started = perf_counter()
            answer = client.get(view)
            taken.append((perf_counter() - started) * 1000)
            assert answer.status_code == 200, answer.text[:500]
            if number == LOOKS - 1 and view == views[0]:
                event.remove(db.engine, "before_cursor_execute", count)
        medians.append(median(taken))
    return medians[0], counted, max(medians)
