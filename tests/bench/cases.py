"""A case's page and the press of send, at 100 000 cases: the process's own time.

The case looked at has six messages, others' talk around it, a suggestion and a ledger; it is asked
for as a browser asks when a row is pressed (the fragment), and as a whole page with its list.
"""

import re
from datetime import datetime, timedelta
from itertools import count
from statistics import median
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import select

from app.channels.base import MessageSeen, PersonSeen, PostSeen
from app.database import db, writing
from app.inbox.receive import Incoming, receive
from app.models import Case, Source
from app.routing.route import route_waiting
from classifiers.suggest import load

PRESSES = 40
_number = count(1)


def comment(post: str, by: str, now: datetime, answers: str | None = None) -> MessageSeen:
    """A resident's comment, a minute after the one before."""
    number = next(_number)
    return MessageSeen(
        external_id=f"bench-{number}",
        post=PostSeen(
            post, "Så plogar vi i vinter", "När det snöar börjar vi med de stora vägarna."
        ),
        text="Hej! När plogas det på Östergatan och vem bestämmer ordningen egentligen?",
        published_at=now - timedelta(hours=3) + timedelta(minutes=number % 100),
        author=PersonSeen(f"id:{by}", by),
        parent_external_id=answers,
    )


def conversations(now: datetime) -> list[int]:
    """One case with talk around it, and PRESSES with a question each; their numbers."""
    first = comment("talk", "Maria", now)
    talk = [
        first,
        *(comment("talk", by, now, first.external_id) for by in ("Ali", "Bo", "Maria") * 3),
    ]
    asked = [comment(f"one-{number}", f"Frågare {number}", now) for number in range(PRESSES)]
    source = db.session.scalars(select(Source).limit(1)).one()
    with writing():
        receive(source, [Incoming(one, "{}") for one in [*talk, *asked]], now=now)
    router = load()
    while route_waiting(lambda: router, threshold=0.5, now=now):
        pass
    maria = select(Case.id).where(Case.person_name == "Maria").order_by(Case.id.desc()).limit(1)
    others = select(Case.id).where(Case.person_name.like("Frågare %")).order_by(Case.id)
    found = [*db.session.scalars(maria), *db.session.scalars(others)]
    db.session.commit()
    return found


def run(client: Any, *, now: datetime, url: str) -> None:
    """Measure and print three lines; `client`: somebody signed in who may answer."""
    talk, *asked = conversations(now)
    tick = perf_counter if url else process_time
    pressed = {"HX-Request": "true"}
    fragment = [look(client, f"/arenden/{talk}", pressed, tick) for _ in range(PRESSES)]
    whole = [look(client, f"/arenden/{talk}", {}, tick) for _ in range(PRESSES)]
    first = [look(client, f"/arenden/{one}", pressed, tick) for one in asked]
    print(f"  case pressed in the list, again {median(fragment):6.1f} ms (first {median(first):.1f} ms), "
          f"the whole page with its list {median(whole):.1f} ms")  # fmt: skip
    print(
        f"  reply into the outbox           {median(send(client, one, tick) for one in asked):6.1f} ms"
    )


def look(client: Any, address: str, headers: dict[str, str], tick: Any) -> float:
    """Milliseconds for one look."""
    started = tick()
    answer = client.get(address, headers=headers)
    taken = (tick() - started) * 1000
    assert answer.status_code == 200, answer.text[:300]
    return float(taken)


def send(client: Any, case_id: int, tick: Any) -> float:
    """Milliseconds from the press of send to the answer in the outbox, and the page's word of it."""
    page = client.get(f"/arenden/{case_id}").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert token is not None
    assert version is not None
    form = {"csrf_token": token[1], "gor": "publicera", "lagel": "svar", "version": version[1],
            "svar": "Hej! Östergatan plogas före klockan sju."}  # fmt: skip
    started = tick()
    answer = client.post(f"/arenden/{case_id}/skriv", data=form)
    taken = (tick() - started) * 1000
    assert answer.status_code == 302, answer.text[:300]
    return float(taken)
