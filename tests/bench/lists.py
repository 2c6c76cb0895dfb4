"""The list page's server time at 1 000, 100 000 and a million cases, beside the floor.

The floor is a bare Flask with Jinja that draws the same rows from memory, and the raw read of the
first forty numbers from the index. Times are the process's own on SQLite (other work on the machine
is not counted) and the clock's on PostgreSQL, whose work is done elsewhere.
"""

import random
import re
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter, process_time
from typing import Any

from flask import Flask, has_app_context, render_template_string
from sqlalchemy import event, insert, select, text

from app import create_app
from app.database import db, writing
from app.models import Account, Case, Department, Person, Post, Staff
from app.people.staff import add_staff
from tests.bench import cases
from tests.bench.receiving import a_source
from tests.bench.town import fresh_app
from tests.conftest import FreshClient

NOW = datetime.now(UTC)
SIZES = (1_000, 100_000)
MILLION = 1_000_000
LOOKS = 60
COLLEAGUES = 200
READERS, PROCESSES, SECONDS = 8, 2, 6
PASSWORD = "ett långt lösenord"
VIEWS = (
    "/arenden", "/arenden?vy=klara", "/arenden?vy=osakra", "/arenden?avdelning=gata-park",
    "/arenden?kanal=practice", "/arenden?vy=otilldelade", "/arenden?vy=vantar",
    "/arenden?vy=undanlagda",
)  # fmt: skip
FILTERED = (
    "/arenden?ordning=nyast", "/arenden?ordning=aldst&bradskar=ja", "/arenden?typ=beröm",
    "/arenden?alder=3d", "/arenden?sprak=uk", "/arenden?typ=beröm&sprak=ar&avdelning=miljo",
    "/arenden?handlaggare=7&sprak=en", "/arenden?konto=1&typ=beröm&sprak=uk&handlaggare=ingen",
    "/arenden?vy=klara&typ=beröm",
)  # fmt: skip


def run(folder: Path, url: str) -> None:
    """Measure and print: each size, each person, plain and filtered; then readers at once."""
    times: dict[int, float] = {}
    for size in (*SIZES, MILLION) if not url else SIZES:
        app = fresh_app(folder, url, NOW)
        with app.app_context():
            a_source()
            people()
            fill(size)
            anna, petra = signed_in(app, "anna"), signed_in(app, "petra")
            times[size], statements, worst = look(anna, url=url)
            filtered = look(anna, *FILTERED, url=url)[2]
            handler = max(look(petra, *VIEWS, url=url)[2], look(petra, *FILTERED, url=url)[2])
            raw = raw_read()
        print(
            f"list page, {size:>9,} cases   {times[size]:6.1f} ms (slowest view {worst:.1f} ms,"
            f" slowest filters {filtered:.1f} ms, a handler's slowest {handler:.1f} ms,"
            f" {statements} statements; raw index read {raw:.2f} ms)"
        )
        with app.app_context():
            cases.run(anna, now=NOW, url=url)
        if size == SIZES[-1]:
            print(f"  bare Flask and Jinja, same rows {floor():6.1f} ms")
            if not url:
                print(f"  list views a second, {READERS} readers {readers(folder):6.0f}")
    print(f"  100 000 beside 1 000        x{times[SIZES[1]] / times[SIZES[0]]:.2f}")


def people() -> None:
    """Anna at customer service, Petra at a department, and their colleagues."""
    for login, name, role, department in (
        ("anna", "Anna Holm", "customer_service", ""), ("petra", "Petra Lund", "handler", "miljo"),
    ):  # fmt: skip
        add_staff(login=login, name=name, role=role, department=department, password=PASSWORD,
                  now=NOW)  # fmt: skip
    with writing():
        db.session.execute(
            insert(Staff),
            [{"login": f"k{n}", "name": f"Kollega {n}", "role": "customer_service",
              "password_hash": "-", "created_at": NOW} for n in range(COLLEAGUES)],
        )  # fmt: skip


def raw_read() -> float:
    """Median milliseconds to read the first forty numbers of the open cases from their index."""
    taken = []
    statement = text("SELECT id FROM cases WHERE is_open ORDER BY sort_at, id LIMIT 40")
    if db.engine.name == "sqlite":
        statement = text("SELECT id FROM cases WHERE is_open = 1 ORDER BY sort_at, id LIMIT 40")
    for _ in range(LOOKS):
        started = perf_counter()
        db.session.execute(statement).all()
        taken.append((perf_counter() - started) * 1000)
    return median(taken)


BARE = """<!doctype html><html lang="sv"><title>Lista</title><ul>{% for r in rows %}
<li id="rad-{{ r.id }}"><label><input type="checkbox" name="val" value="{{ r.id }}"><span>{{ r.who }}</span></label>
<a href="/arenden/{{ r.id }}"><span>{{ r.who }}</span><span>{{ r.clock }}</span><span>{{ r.says }}</span>
<span>{{ r.where }}</span><span>{{ r.sure }}</span><span>{{ r.kind }}</span><span>{{ r.by }}</span></a></li>{% endfor %}
</ul></html>"""


def floor() -> float:
    """Median milliseconds for Flask and Jinja alone to draw forty rows with the same words."""
    bare = Flask("bare")
    says = "När plogas det på vår gata och vem bestämmer ordningen egentligen?"
    rows = [{"id": n, "who": f"Invånare {n}", "clock": "2 t 10", "says": says, "where": "Miljö",
             "sure": "säker 94 %", "kind": "Fråga", "by": "AH"} for n in range(40)]  # fmt: skip
    bare.add_url_rule("/arenden", view_func=lambda: render_template_string(BARE, rows=rows))
    return look(bare.test_client(), "/arenden", url="")[0]


def readers(folder: Path) -> float:
    """List views a second when readers look all the time, from as many processes as web workers."""
    with get_context("spawn").Pool(PROCESSES) as pool:
        return sum(pool.map(read_for_a_while, [str(folder)] * PROCESSES))


def read_for_a_while(folder: str) -> float:
    """One process's share of the readers: views a second."""
    app = create_app({"DATA_DIR": folder, "DATABASE_URL": "", "LOG_LEVEL": "critical"})
    with app.app_context():
        clients = [signed_in(app, "anna") for _ in range(READERS // PROCESSES)]
    counted = []

    def read(client: Any) -> None:
        for view in VIEWS:
            client.get(view)
        until, seen = perf_counter() + SECONDS, 0
        while perf_counter() < until:
            assert client.get(VIEWS[seen % len(VIEWS)]).status_code == 200
            seen += 1
        counted.append(seen)

    threads = [Thread(target=read, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counted) / SECONDS


def fill(size: int) -> None:
    """Cases as a city has them: nine in ten done, the rest spread over departments and states."""
    chance = random.Random(3)
    account_id = db.session.scalar(select(Account.id))
    departments = [*db.session.scalars(select(Department.id)), None]
    staff = list(db.session.scalars(select(Staff.id)))
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
        rows.append(a_case(number, chance, account_id, departments, staff))
        if len(rows) == 5000 or number == size - 1:
            with writing():
                db.session.execute(insert(Case), rows)
            rows.clear()
    db.session.commit()
    statement = "ANALYZE" if db.engine.name == "sqlite" else "VACUUM ANALYZE"
    with db.engine.connect() as connection:
        if db.engine.name != "sqlite":
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(statement))
        if db.engine.name == "sqlite":
            connection.commit()


def a_case(
    number: int, chance: random.Random, account_id: int, departments: list[int | None],
    staff: list[int],
) -> dict[str, Any]:  # fmt: skip
    """One case: most are done; of the open some wait for the resident, few are put aside."""
    done = chance.random() < 0.9
    since = NOW - timedelta(minutes=chance.randrange(60 * 24 * (400 if done else 6)))
    state = "closed" if done else chance.choice(["new", "new", "ongoing", "reopened", "answered"])
    waits = state not in ("closed", "answered")
    urgent = chance.random() < 0.02
    return {
        "account_id": account_id, "channel": "practice", "post_id": number // 20 + 1,
        "person_id": number + 1, "person_name": f"Invånare {number}",
        "snippet": "När plogas det på vår gata och vem bestämmer ordningen egentligen?",
        "state": state, "is_open": not done, "outcome": "answered" if done else None,
        "outcome_reason": "", "department_id": chance.choice(departments), "routed_by": "model",
        "no_answer_needed": False, "refer_to": "", "certainty": chance.random() * 0.99,
        "kind": chance.choices(["fråga", "synpunkt", "felanmälan", "beröm"], [60, 25, 12, 3])[0],
        "language": chance.choices(["sv", "en", "ar", "uk"], [93, 5, 1.5, 0.5])[0],
        "urgent": urgent, "route_wanted": False, "version": 1, "opened_at": since,
        "assignee_id": chance.choice(staff) if staff and chance.random() < 0.3 else None,
        "waiting_since": since if waits else None, "last_word_at": since,
        "sort_at": since - timedelta(days=36500) if urgent and waits else since,
        "closed_at": since if done else None,
        "snoozed_until": NOW + timedelta(days=2) if chance.random() < 0.01 and not done else None,
        "merged_into_id": 1 if number > 1 and chance.random() < 0.01 else None,
    }  # fmt: skip


def signed_in(app: Flask, login: str = "anna") -> Any:
    """A client with that person signed in, whose every request has a context of its own."""
    app.test_client_class = FreshClient
    client = app.test_client()
    page = client.get("/logga-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    client.post("/logga-in", data={"csrf_token": token[1], "login": login, "password": PASSWORD})
    return client


def look(client: Any, *paths: str, url: str = "") -> tuple[float, int, float]:
    """Median milliseconds of the first, statements a page, and the slowest one's median."""
    views, counted = paths or VIEWS, 0
    tick = perf_counter if url else process_time

    def count(*_anything: object) -> None:
        nonlocal counted
        counted += 1

    medians = []
    for view in views:
        taken = []
        for number in range(LOOKS):
            counts = number == LOOKS - 1 and view == views[0] and has_app_context()
            if counts:
                event.listen(db.engine, "before_cursor_execute", count)
            started = tick()
            answer = client.get(view)
            taken.append((tick() - started) * 1000)
            assert answer.status_code == 200, answer.text[:500]
            if counts:
                event.remove(db.engine, "before_cursor_execute", count)
        medians.append(median(taken))
    return medians[0], counted, max(medians)
