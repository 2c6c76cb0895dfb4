"""Many believable messages for measuring, and an application on an empty database for them."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from flask_migrate import downgrade, upgrade

from app import create_app
from app.channels.base import MessageSeen, PersonSeen, PostSeen, Raw
from app.commands import use_migrations
from app.people.staff import sync_departments
from classifiers.train import read_corpus


def fresh_app(folder: Path, url: str, now: datetime) -> Flask:
    """An application whose database has just been made."""
    app = create_app({"DATA_DIR": str(folder), "DATABASE_URL": url, "LOG_LEVEL": "critical"})
    use_migrations(app)
    with app.app_context():
        if url:
            downgrade(revision="base")
        else:
            (folder / "vaxeln.sqlite").unlink(missing_ok=True)
        upgrade()
        sync_departments(now=now)
    return app


def messages(count: int, now: datetime, *, seed: int = 1) -> list[Raw]:
    """Payloads in residents' words: 70 % new residents, 300 posts, some replies."""
    chance = random.Random(seed)
    texts = [example.text.text for example in read_corpus()]
    made: list[Raw] = []
    for number in range(count):
        payload = {
            "id": f"c{number}",
            "post": f"p{chance.randrange(300)}",
            "person": f"r{chance.randrange(int(count * 0.7) + 1)}",
            "text": f"{chance.choice(texts)} ({number})",
            "at": (now - timedelta(seconds=count - number)).isoformat(),
            "parent": f"c{chance.randrange(number)}" if number and chance.random() < 0.2 else None,
        }
        made.append(Raw(payload["id"], json.dumps(payload, ensure_ascii=False)))
    return made


def understood(payload: str) -> MessageSeen:
    """A payload of `messages` as a channel would read it."""
    row = json.loads(payload)
    return MessageSeen(
        external_id=row["id"],
        post=PostSeen(row["post"], f"Inlägg {row['post']}", "Det här händer i staden i veckan."),
        text=row["text"],
        published_at=datetime.fromisoformat(row["at"]),
        author=PersonSeen(row["person"], f"Invånare {row['person']}"),
        parent_external_id=row["parent"],
    )
