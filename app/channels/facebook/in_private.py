"""Answering a comment's writer in private: once, within seven days, over the page's Messenger.

Source: Messenger Platform, Private Replies.
"""

import json

from app.channels.base import Reason, Receipt, Refused, Uncertain
from app.channels.facebook.errors import BadParameter
from app.channels.facebook.graph import Graph, node
from app.channels.facebook.words import PRIVATE_WINDOW, moment

LONGEST = 2000
"""Characters in one message of Messenger's, which is less than a comment may have."""


def reply(graph: Graph, external_id: str, text: str) -> Receipt:
    """Begin a conversation with the writer of a comment or post. Raises `Uncertain` as an answer.

    Nobody can look for a private answer afterwards, so what may have left is never sent again.
    """
    if not text.strip():
        raise Refused(Reason.EMPTY)
    if len(text) > LONGEST:
        raise Refused(Reason.TOO_LONG, f"{len(text)} of {LONGEST}")
    kind = _kind_of_what_may_be_answered(graph, external_id)
    fields = {
        "recipient": json.dumps({kind: external_id}),
        "message": json.dumps({"text": text}, ensure_ascii=False),
    }
    made = graph.change(node(graph.page_id, "messages"), fields, operation="answer_privately")
    if not made.get("message_id"):
        raise Uncertain("Facebook took the private answer without saying which it became")
    return Receipt(str(made["message_id"]))


def _kind_of_what_may_be_answered(graph: Graph, external_id: str) -> str:
    """What the receiver is named by. Raises `Refused` when the window is closed or used."""
    kind, fields = "comment_id", "id,created_time,can_reply_privately"
    try:  # only a comment has `can_comment`
        told = graph.get(
            node(external_id), {"fields": f"{fields},can_comment"}, operation="look_again"
        )
    except BadParameter:
        told = graph.get(node(external_id), {"fields": fields}, operation="look_again")
        kind = "post_id"
    written = moment(told.get("created_time"))
    too_late = written is not None and written + PRIVATE_WINDOW <= graph.now
    if too_late or told.get("can_reply_privately") is False:
        raise Refused(Reason.WINDOW_CLOSED)
    return kind
