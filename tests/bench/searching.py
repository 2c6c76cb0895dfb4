"""Search's time at 100 000 cases, rare words and common, beside the bare word index read.

The time that passed is told, and the processor's own beside it: on a busy machine that is truer (of
PostgreSQL it holds our side only).
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import insert, select, text

from app.database import db, writing
from app.inbox.search import COUNT_TO, Wish, search
from app.inbox.wishes import View
from app.models import Case, Message, Staff
from app.people.staff import add_staff
from classifiers.train import read_corpus
from tests.bench.lists import NOW, PASSWORD, fill
from tests.bench.receiving import a_source
from tests.bench.town import fresh_app

SIZE = 100_000
LOOKS = 15
ASKED = {
    "a rare word": Wish("zebrafinken"),
    "a common word": Wish("och"),
    "a word nobody wrote": Wish("finnsinte"),
    "two words": Wish("snöröjning gata"),
    "all but a common word": Wish("det är -och"),
    "a common word in a channel without cases": Wish("och", channel="x"),
    "a common word in few cases": Wish("och", view=View.OPEN, department="miljo"),
}


def run(folder: Path, url: str, size: int = SIZE) -> None:
    """Measure and print a line for each kind of question, for two roles."""
    app = fresh_app(folder, url, NOW)
    with app.app_context():
        source = a_source()
        fill(size)
        say_something(source.id)
        print(f"search, {size} cases, bare index       {bare()}")
        for role, department in (("customer_service", ""), ("handler", "miljo")):
            staff = add_staff(login=role, name="Anna Holm", role=role, department=department,
                              password=PASSWORD, now=NOW)  # fmt: skip
            for name, wish in ASKED.items():
                print(f"  {role:17} {name:41} {of(asking(staff, wish))}")


def asking(staff: Staff, wish: Wish) -> Callable[[], Any]:
    """A question, ready to be asked again and again."""
    return lambda: search(staff, wish, case_prefix="LA")


def bare() -> str:
    """What the index alone needs for the newest of a common word."""
    if db.engine.name == "sqlite":
        asked = "SELECT rowid FROM search_messages WHERE search_messages MATCH 'och'"
    else:
        asked = "SELECT rowid FROM search_messages WHERE words @@ CAST('och' AS tsquery)"
    newest = text(f"{asked} ORDER BY rowid DESC LIMIT {COUNT_TO}")
    return of(lambda: db.session.execute(newest).all())


def of(work: Callable[[], Any]) -> str:
    """Median milliseconds: passed, and of the processor."""
    passed, own = [], []
    for _ in range(LOOKS):
        started, own_started = perf_counter(), process_time()
        work()
        passed.append((perf_counter() - started) * 1000)
        own.append((process_time() - own_started) * 1000)
        db.session.rollback()
    return f"{median(passed):8.1f} ms (processor {median(own):.1f} ms)"


def say_something(source_id: int) -> None:
    """One message in every case, in residents' words; one in ten thousand has the rare word."""
    chance, texts = random.Random(5), [example.text.text for example in read_corpus()]
    found = db.session.execute(
        select(Case.id, Case.post_id, Case.person_id, Case.last_word_at).order_by(Case.last_word_at)
    ).all()
    rows = [
        {"source_id": source_id, "external_id": f"m{case.id}", "post_id": case.post_id,
         "case_id": case.id, "person_id": case.person_id, "author_name": f"Invånare {case.id}",
         "text": chance.choice(texts) + (" zebrafinken" if case.id % 10_000 == 5 else ""),
         "published_at": case.last_word_at, "fetched_at": NOW, "checked_at": NOW}
        for case in found
    ]  # fmt: skip
    db.session.commit()
    with filled_at_once():
        for first in range(0, len(rows), 5000):
            with writing():
                db.session.execute(insert(Message), rows[first : first + 5000])
    with db.engine.connect() as connection:
        on_sqlite = db.engine.name == "sqlite"
        if not on_sqlite:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("ANALYZE" if on_sqlite else "VACUUM ANALYZE"))
        if on_sqlite:
            connection.commit()


@contextmanager
def filled_at_once() -> Iterator[None]:
    """On SQLite, the index is made when all is there: row by row it takes ten minutes."""
    if db.engine.name != "sqlite":
        yield
        return
    made = db.session.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'messages'")
    ).all()
    db.session.commit()
    with writing():
        for trigger in made:
            db.session.execute(text(f"DROP TRIGGER {trigger.name}"))
    yield
    insertion = next(trigger.sql for trigger in made if trigger.name.endswith("_insert"))
    words = insertion[insertion.index("VALUES (") + 8 : insertion.rindex(");")]
    with writing():
        into = "INSERT INTO search_messages(rowid, words) SELECT"
        connection = db.session.connection()
        given = words.replace("NEW.", "messages.")
        connection.exec_driver_sql(f"{into} {given} FROM messages ORDER BY 1")
        for trigger in made:
            connection.exec_driver_sql(trigger.sql)
