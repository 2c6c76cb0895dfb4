"""The bench over a real WordPress; `wordpress` is the fixture of tests/servers/fixtures.py."""

import base64
import html
import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from app.channels.base import Connection

from . import bench


class RealBench:
    """See `wordpress_facts.WordPressBench`. Visitors write as a browser does, in the comment form."""

    def __init__(self, server: Any) -> None:
        self.server = server
        script = Path(__file__).parents[2] / "servers" / "wordpress"
        told = subprocess.run(
            [script, "info", "--dir", server.folder], capture_output=True, check=True, timeout=60
        )
        users = json.loads(told.stdout)["users"]
        self.passwords = {user["user"]: user["application_password"] for user in users}

    def connection(self, user: str = "redaktor", **settings: str) -> Connection:
        return Connection(
            kind="comments",
            external_id=self.server.url,
            settings={"base_url": self.server.url, "user": user, **settings},
            credentials={"application_password": self.passwords.get(user, "")},
            allowed_private_hosts=frozenset({"127.0.0.1"}),
            contact="kontakt@example.test",
            backfill_since=bench.month_ago(),
        )

    def make_post(self, title: str, text: str) -> str:
        return str(self._as_admin("posts", title, text))

    def make_page(self, title: str, text: str) -> str:
        return str(self._as_admin("pages", title, text))

    def _as_admin(self, route: str, title: str, text: str) -> int:
        login = f"admin:{self.passwords['admin']}".encode()
        asked = urllib.request.Request(
            f"{self.server.url}/wp-json/wp/v2/{route}",
            data=json.dumps(
                {
                    "title": html.escape(title, quote=False),
                    "content": f"<p>{html.escape(text, quote=False)}</p>",
                    "status": "publish",
                    "comment_status": "open",
                }
            ).encode(),
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Basic {base64.b64encode(login).decode()}",
            },
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            made: int = json.load(answer)["id"]
        return made

    def a_closed_post(self) -> str:
        self.server.set("close-comments", True)
        return str(self.server.posts[0])

    def comment(
        self, post: str, name: str, text: str, parent: str | None = None, email: str = ""
    ) -> str:
        made = self.server.comment(int(post), name, text, parent=int(parent or 0), email=email)
        return str(made["id"])

    def edit(self, external_id: str, text: str) -> None:
        self.edit_html(external_id, html.escape(text, quote=False))

    def edit_html(self, external_id: str, html: str) -> None:
        self.server.moderate(int(external_id), "edit", html)

    def delete(self, external_id: str) -> None:
        self.server.moderate(int(external_id), "delete")

    def set_status(self, external_id: str, status: str) -> None:
        self.server.moderate(int(external_id), status)

    def on_platform(self, post: str) -> list[bench.OnPlatform]:
        return [
            bench.OnPlatform(
                str(row["id"]),
                html.unescape(row["content"]),
                str(row["parent"]) if row["parent"] else None,
                row["user_id"] > 0,
                row["status"] == "approved",
            )
            for row in self.server.comments(int(post))
        ]

    def kill_credentials(self) -> None:
        self.server.revoke("redaktor")
