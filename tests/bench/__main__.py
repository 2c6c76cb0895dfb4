"""`python -m tests.bench [receive] [list] [search] [start] [networks] [routing] [reports] [learning]`: figures for docs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import (
    learning,
    lists,
    networks,
    receiving,
    reporting,
    routing,
    searching,
    starting,
)
from tests.servers.fixtures import running


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Addresses by kind: '' for SQLite, a fresh PostgreSQL for the other."""
    with running("postgres") as (_folder, printed):
        yield {"SQLite": "", "PostgreSQL": printed.strip()}


def main() -> None:
    """Run the parts asked for (all of them when none is named) and print their lines."""
    wanted = sys.argv[1:] or ["receive", "list", "search", "start", "networks", "routing"]
    with databases() as urls, TemporaryDirectory() as folder:
        for kind, url in urls.items():
            place = Path(folder) / kind
            place.mkdir()
            print(f"== {kind}")
            if "receive" in wanted:
                receiving.run(place, url)
            if "list" in wanted:
                lists.run(place, url)
            if "search" in wanted:
                searching.run(place, url)
            if "reports" in wanted:
                reporting.run(place, url)
        if "start" in wanted:
            starting.run(Path(folder))
        if "networks" in wanted:
            place = Path(folder) / "networks"
            place.mkdir()
            networks.run(place)
        if "routing" in wanted:
            routing.run(Path(folder))
        if "learning" in wanted:  # ten minutes: only when asked for
            learning.run()


if __name__ == "__main__":
    main()
