"""One account's way to X at one moment: what can be asked, what it costs, and how it fails.

X is spoken to through tweepy, which is imported when first needed. tweepy's answers are taken as
plain dicts: its own types lose what we need and stumble over what X leaves out.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.channels.base import ChannelError, Connection, SignInNeeded, TryLater
from app.channels.web_requests import READING, Answer, user_agent
from app.channels.x.account import account_of, must_have_id
from app.channels.x.dialect import Found, asked, dialect_of, found_in
from app.channels.x.errors import Problem, problem_of, reset_of, trouble_in
from app.channels.x.money import Money, Paid
from app.channels.x.sign_in import SignIn

if TYPE_CHECKING:
    from app.channels.x.session import Session

TALKATIVE = ("tweepy", "tweepy.client", "oauthlib", "requests_oauthlib")
"""Their debug lines hold tokens and signatures."""
PER_PAGE = 100
LOW = 0.1
AT_THE_DOOR = (401, 402, 429)

Call = Callable[[Any, bool], Any]
"""(tweepy's client, whether OAuth 1.0a signs) -> X's answer."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What is left of one of X's quarter-hours, and when the next begins."""

    remaining: int
    most: int
    reset: datetime

    @property
    def low(self) -> bool:
        """Whether less than a tenth is left."""
        return self.remaining < self.most * LOW


class Interface:
    """X for one account. Raises `SignInNeeded` when nothing to sign in with is there.

    `paid` is what has been charged today already; `limit` the scarcest quarter-hour that X has told
    of; `access_level` what X says the OAuth 1.0a token may do ('' when it does not say); `problem`
    what the last answer said was wrong.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection, self.now = connection, now
        self.account = account_of(connection)
        must_have_id(self.account)
        self.sign_in = SignIn(connection, now)
        self.dialect = dialect_of(connection)
        self.money = Money(connection, now)
        self.paid = Paid()
        self.limit: Limit | None = None
        self.access_level = ""
        self.problem = Problem()
        self._operation, self._price = "read", ""
        self._client: Any = None

    # --- Reading ------------------------------------------------------------------------------

    def mentions(self, **question: Any) -> Found:
        """A page of the posts that mention the account, the newest first."""
        fields = asked(self.dialect, authors=True)
        return self._posts(
            lambda client, own: client.get_users_mentions(
                self.account.id, user_auth=own, **_given(question), **fields
            ),
            owned=self.account.owned,
        )

    def own_posts(self, **question: Any) -> Found:
        """A page of what the account itself has written, reposts left out, the newest first."""
        fields = asked(self.dialect, authors=True)
        return self._posts(
            lambda client, own: client.get_users_tweets(
                self.account.id, user_auth=own, exclude=["retweets"], **_given(question), **fields
            ),
            owned=self.account.owned,
        )

    def search(self, query: str, **question: Any) -> Found:
        """A page of the last seven days' posts that fit a query, the newest first."""
        fields = asked(self.dialect)
        return self._posts(
            lambda client, own: client.search_recent_tweets(
                query, user_auth=own, **_given(question), **fields
            )
        )

    def posts(self, ids: Sequence[str], *, bare: bool = False) -> Found:
        """Posts by id, at most 100; what X does not give is in `missing`, with its reason."""
        fields = asked(self.dialect, bare=bare)
        return self._posts(
            lambda client, own: client.get_tweets(list(ids), user_auth=own, **fields)
        )

    def users(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """People by id, at most 100; those whom X does not give are left out."""
        body = self._ask(
            lambda client, own: client.get_users(
                ids=list(ids), user_auth=own, user_fields=["name", "username"]
            ),
            "read",
        )
        people = {person["id"]: person for person in found_in(body).posts}
        self.money.users(list(people), paid=self.paid)
        return people

    def me(self) -> dict[str, Any]:
        """The user we are signed in as."""
        fields = ["name", "username"]
        body = self._ask(
            lambda client, own: client.get_me(user_auth=own, user_fields=fields), "read"
        )
        found = found_in(body).posts
        if not found:
            raise TryLater("X did not say who we are")
        if not self.account.owned:
            self.money.users([found[0]["id"]], paid=self.paid)
        return found[0]

    def _posts(self, call: Call, *, owned: bool = False) -> Found:
        found = found_in(self._ask(call, "read"))
        self.money.read(found, owned=owned, paid=self.paid)
        return found

    # --- Changing -----------------------------------------------------------------------------

    def answer(self, text: str, in_reply_to: str, price: str) -> dict[str, Any]:
        """Publish an answer, once; `price` names what it costs. Gives what X says of it."""
        return self._change(
            lambda client, own: client.create_tweet(
                text=text, in_reply_to_tweet_id=in_reply_to, user_auth=own
            ),
            "post",
            price,
        )

    def set_hidden(self, external_id: str, hidden: bool) -> dict[str, Any]:
        """Hide or show a reply. May be repeated, so an unclear answer is `TryLater`."""

        def call(client: Any, own: bool) -> Any:
            do = client.hide_reply if hidden else client.unhide_reply
            return do(external_id, user_auth=own)

        return self._change(call, "hide", "manage")

    def delete(self, external_id: str) -> dict[str, Any]:
        """Take one of the account's own posts away. May be repeated."""
        return self._change(
            lambda client, own: client.delete_tweet(external_id, user_auth=own),
            "delete",
            "delete",
        )

    def _change(self, call: Call, operation: str, price: str) -> dict[str, Any]:
        body = self._ask(call, operation, price)
        data = body.get("data")
        return data if isinstance(data, dict) else {}

    # --- On the wire --------------------------------------------------------------------------

    def _ask(self, call: Call, operation: str, price: str = "") -> dict[str, Any]:
        """Ask; with a sign-in that has worn out, renew it and ask again.

        An answer to a resident is never asked for twice in one go, not even then: it is `TryLater`.
        """
        self._operation, self._price, self.problem = operation, price, Problem()
        own = self.sign_in.uses_oauth1
        try:
            body = call(self._tweepy(), own)
        except SignInNeeded:
            if self.problem.status != 401:
                raise
            self.sign_in.renew()
            self._client = None
            if operation == "post":
                raise TryLater("the sign-in had worn out and was renewed") from None
            body = call(self._tweepy(), own)
        return body if isinstance(body, dict) else {}

    def _heard(self, answer: Answer | ChannelError) -> None:
        """What the session tells: count what it cost, note X's limits, raise what went wrong."""
        at_door = isinstance(answer, Answer) and answer.status in AT_THE_DOOR
        if self._price and not at_door:
            self.money.write(self._price)
        if isinstance(answer, ChannelError):
            return
        self._note_limit(answer)
        self.problem = problem_of(answer) if answer.status >= 300 else Problem()
        trouble = trouble_in(answer, self.problem, self._operation, now=self.now)
        if trouble is not None:
            raise trouble

    def _note_limit(self, answer: Answer) -> None:
        self.access_level = answer.headers.get("x-access-level", "") or self.access_level
        said = [answer.headers.get(f"x-rate-limit-{name}", "") for name in ("remaining", "limit")]
        reset = reset_of(answer, now=self.now)
        if answer.method not in READING or reset is None:
            return
        if not all(one.isascii() and one.isdigit() for one in said) or int(said[1]) == 0:
            return
        limit = Limit(int(said[0]), int(said[1]), reset)
        if self.limit is None or limit.remaining / limit.most < (
            self.limit.remaining / self.limit.most
        ):
            self.limit = limit

    def _tweepy(self) -> Any:
        """tweepy's client, speaking through our session and never sleeping."""
        if self._client is None:
            arguments = self.sign_in.arguments()
            tweepy = _quiet_tweepy()
            client = tweepy.Client(**arguments, return_type=dict, wait_on_rate_limit=False)
            client.session.close()
            client.session = self._session()
            client.user_agent = user_agent(self.connection)
            self._client = client
        return self._client

    def _session(self) -> "Session":
        from app.channels.x.session import Session

        return Session(self.connection, self._heard)


def _quiet_tweepy() -> Any:
    """tweepy, and its log never below INFO: its debug lines show the bearer token."""
    import tweepy  # type: ignore[import-untyped]  # it has no types of its own

    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)
    return tweepy


def _given(question: dict[str, Any]) -> dict[str, Any]:
    """The arguments that say something, and a full page."""
    return {"max_results": PER_PAGE, **{name: value for name, value in question.items() if value}}


def since(moment: datetime, now: datetime) -> datetime:
    """A start time that X accepts: at least a minute ago, in whole seconds, none left out."""
    return min(moment, now - timedelta(minutes=1)).replace(microsecond=0)
