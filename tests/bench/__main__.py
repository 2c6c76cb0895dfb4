"""`python -m tests.bench [receive] [list] [start] [networks]`: figures for docs/performance.md."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import lists, networks, receiving, starting
from tests.servers.fixtures import running


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Addresses by kind: '' for SQLite, a fresh PostgreSQL for the other."""
    with running("postgres") as (_folder, printed):
        yield {"SQLite": "", "PostgreSQL": printed.strip()}


def main() -> None:
    """Run the parts asked for (all of them when none is named) and print their lines."""
    wanted = sys.argv[1:] or ["receive", "list", "start", "networks"]
    with databases() as urls, TemporaryDirectory() as folder:
        for kind, url in urls.items():
            place = Path(folder) / kind
            place.mkdir()
            print(f"== {kind}")
            if "receive" in wanted:
                receiving.run(place, url)
            if "list" in wanted:
                lists.run(place, url)
        if "start" in wanted:
            starting.run(Path(folder))
        if "networks" in wanted:
            place = Path(folder) / "networks"
            place.mkdir()
            networks.run(place)


if __name__ == "__main__":
    main()
