"""Writes down what became of an answer, each in one transaction with its event."""

from datetime import datetime, timedelta

from sqlalchemy import select

from app.answers.earlier import remember
from app.answers.together import log_answer
from app.answers.write import hand_words_on, settle_cases
from app.channels.base import AtSource, Receipt
from app.database import db, insert_or_ignore, writing
from app.models import Answer, Message
from app.models.answer import AnswerState

FIRST_SEARCH = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)


def published(answer_id: int, receipt: Receipt, *, now: datetime) -> None:
    """The platform has it: the answer is sent, stands in the conversation, and settles its case.

    A late receipt also settles an answer that was given up as uncertain meanwhile.
    """
    with writing():
        answer = db.session.get_one(
            Answer, answer_id, populate_existing=True, with_for_update={"of": Answer}
        )
        if answer.state not in (AnswerState.SENDING, AnswerState.UNCERTAIN):
            return
        answer.state, answer.sent_at, answer.changed_at = AnswerState.SENT, now, now
        answer.external_id, answer.url = receipt.external_id, receipt.url
        answer.held, answer.reason = receipt.at_source == AtSource.HELD, ""
        answer.lease_owner = answer.lease_until = None
        answer.message_id = _stands_in_conversation(answer, receipt, now)
        settle_cases(answer, now=now)
        remember(answer)
        log_answer("answer_sent", answer, at=now, staff_id=answer.sent_by_id)


def _stands_in_conversation(answer: Answer, receipt: Receipt, now: datetime) -> int:
    """The message that is the answer's published form: ours, or the one a poll was quicker with.

    It stands under the message that was answered, or directly under the post.
    """
    parent = answer.in_reply_to
    above = None if answer.to_post else parent
    insert_or_ignore(
        Message,
        [
            {
                "source_id": parent.source_id,
                "external_id": receipt.external_id,
                "post_id": parent.post_id,
                "case_id": answer.case_id,
                "parent_id": above.id if above else None,
                "parent_external_id": above.external_id if above else None,
                "author_name": "",
                "by_city": True,
                "ours": True,
                "settled": False,
                "text": answer.text,
                "payload_hash": "",
                "at_source": receipt.at_source.value,
                "url": receipt.url,
                "published_at": now,
                "fetched_at": now,
                "checked_at": now,
                "time_uncertain": False,
                "history": False,
                "private": answer.private,
            }
        ],
    )
    row = db.session.scalars(
        select(Message).where(
            Message.source_id == parent.source_id, Message.external_id == receipt.external_id
        )
    ).one()
    row.ours, row.case_id = True, answer.case_id
    db.session.flush()
    return row.id


def refused(answer_id: int, reason: str, *, now: datetime) -> None:
    """The platform said no for good; the text is kept and the author sees why."""
    with writing():
        answer = db.session.get_one(
            Answer, answer_id, populate_existing=True, with_for_update={"of": Answer}
        )
        if answer.state != AnswerState.SENDING:
            return
        answer.state, answer.reason, answer.changed_at = AnswerState.REFUSED, str(reason), now
        answer.lease_owner = answer.lease_until = None
        db.session.flush()
        hand_words_on(answer, now=now)
        log_answer("answer_refused", answer, at=now, reason=str(reason))


def postponed(answer_id: int, until: datetime | None, why: str, *, now: datetime) -> None:
    """Nothing left: it waits in the queue as long as asked, or ever longer up to 1 h."""
    with writing():
        answer = db.session.get_one(
            Answer, answer_id, populate_existing=True, with_for_update={"of": Answer}
        )
        if answer.state != AnswerState.SENDING:
            return
        wait = min(timedelta(seconds=15) * 2 ** min(answer.tries, 10), LONGEST_WAIT)
        answer.state, answer.reason, answer.changed_at = AnswerState.QUEUED, why, now
        answer.send_after = until if until is not None and until > now else now + wait
        answer.left_at = answer.lease_owner = answer.lease_until = None
        log_answer("answer_postponed", answer, at=now, why=why)


def unclear(answer: Answer, why: str, now: datetime) -> None:
    """It may be there: look for it, and ask the author. Runs in the caller's transaction."""
    answer.state, answer.reason, answer.changed_at = AnswerState.UNCERTAIN, why, now
    answer.lease_owner = answer.lease_until = None
    answer.looks, answer.send_after = 0, now + FIRST_SEARCH
    log_answer("answer_uncertain", answer, at=now, why=why[:40])
