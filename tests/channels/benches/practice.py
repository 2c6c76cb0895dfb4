"""The contract's bench for the practice town: the town itself, in a folder of its own."""

import shutil
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path

from app.channels.base import AtSource, Connection
from app.channels.practice import A_PAGE, CHANNEL, PracticeTown

from . import bench


class Bench:
    """See `bench.PlatformBench`. The town has no wire: what can go wrong is asked of it by name."""

    channel = CHANNEL
    page_size = A_PAGE
    holds = None
    has_sign_in = False
    can_break = ("502",)
    secrets = ()

    def __init__(self, data_dir: Path | None = None) -> None:
        """The town's file is in `data_dir`; None: in a folder that goes with the bench."""
        self.made = None if data_dir else tempfile.mkdtemp(prefix="vaxeln-practice-")
        self.folder = data_dir or Path(str(self.made))
        self.town = PracticeTown.open(self.folder, "bänken")
        self.posts = 0

    def connection(self) -> Connection:
        return Connection(
            kind="comments",
            external_id="bänken",
            settings={"speed": "still"},
            data_dir=self.folder,
            backfill_since=bench.month_ago(),
        )

    def make_post(self, title: str, text: str) -> str:
        self.posts += 1
        return f"p-{self.posts}"  # the town makes the post when somebody writes under it

    def comment(
        self,
        post: str,
        name: str,
        text: str,
        parent: str | None = None,
        at: datetime | None = None,
    ) -> str:
        return self.town.says(text, at=at or bench.now(), author=name, post=post, parent=parent)

    def edit(self, external_id: str, text: str) -> None:
        self.town.edits(external_id, text)

    def delete(self, external_id: str) -> None:
        self.town.removes(external_id)

    def on_platform(self, post: str) -> list[bench.OnPlatform]:
        return [
            bench.OnPlatform(said.id, said.text, said.parent, said.by_city, said.state == "visible")
            for said in self.town.everything()
            if said.post == post
        ]

    def break_in(self, way: str, *, on: str = "all", after_acting: bool = False) -> None:
        self.town.fail_next("uncertain_acted" if after_acting else "later", times=99)

    def mend(self) -> None:
        with sqlite3.connect(self.town.path) as file:
            file.execute("DELETE FROM faults")
        file.close()

    def put(self, external_id: str, state: AtSource) -> None:
        self.town.set_state(external_id, state.value)

    def kill_credentials(self) -> None:
        raise AssertionError("the town has no credentials")

    def close(self) -> None:
        if self.made:
            shutil.rmtree(self.made)
