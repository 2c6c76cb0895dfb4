"""The comments that wait for review or were taken for spam, by id.

YouTube says how a comment stands only in lists, never when it is asked for by its id: so what waits
is what these lists hold.
"""

from app.channels.base import Refused
from app.channels.youtube.errors import NOT_THERE, Forbidden
from app.channels.youtube.interface import Interface, items_of
from app.channels.youtube.reading import (
    STATUS,
    all_replies,
    in_list,
    threads_question,
)
from app.channels.youtube.words import (
    PUBLISHED,
    Found,
    comments_of,
    replies_with,
    reply_count,
    thread_of,
)

MOST_QUESTIONS = 30


def waiting(api: Interface, kind: str) -> tuple[dict[str, Found], bool]:
    """What stands in the list `held` or `spam`, and whether that is all of it.

    A thread is listed for a reply that waits as well; when no comment that came with it does, its
    other replies are read.
    """
    found: dict[str, Found] = {}
    token, questions = "", 0
    while questions < MOST_QUESTIONS:
        body = api.get("commentThreads.list", threads_question(api, kind, token))
        questions += 1
        for item in items_of(body):
            comments = [in_list(one, item, kind) for one in comments_of(item)]
            here = [one for one in comments if one.status == STATUS[kind]]
            if not here and reply_count(item) > len(replies_with(item)):
                here = _hidden(api, item, kind)
                questions += 1
            found.update({one.id: one for one in here})
        token = str(body.get("nextPageToken") or "")
        if not token:
            return found, True
    return found, False


def _hidden(api: Interface, item: dict[str, object], kind: str) -> list[Found]:
    try:
        replies = all_replies(api, thread_of(item))
    except Forbidden:
        return []
    except Refused as refusal:
        if refusal.reason not in NOT_THERE:
            raise
        return []
    return [one for one in replies if (one.status or PUBLISHED) == STATUS[kind]]
