"""The append-only ledger: what happened, when, by whom, to which case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Table, UtcDateTime, db

EVENT_NAMES: dict[str, str] = {
    "message_received": "A resident's message was taken in.",
    "own_message_seen": "A message by the city itself, written on the platform, was taken in.",
    "message_edited": "A message was changed at its source.",
    "message_removed": "A message is gone from its source.",
    "message_status_changed": "A message was held, approved or hidden at its source.",
    "case_looked_at": "Somebody here had a waiting case before them, with words new to them.",
    "case_opened": "A resident's first words under a post opened a case.",
    "case_reopened": "New words from the resident reopened a closed case.",
    "case_routed": "The model's suggestion put the case with a department.",
    "case_unsure": "The model was not certain enough; a person decides.",
    "rule_added": "A rule beside the model was written.",
    "rule_switched": "A rule was switched off or on.",
    "model_trained": "A newly trained model was taken into use.",
    "model_refused": "A newly trained model was worse than the one in use, and was not taken.",
    "model_put_back": "The model before was taken into use again.",
    "case_rerouted": "A person moved the case to another department.",
    "case_handed_back": "A department said that the case is not theirs.",
    "case_taken": "A person took the case.",
    "case_released": "A person let go of the case.",
    "case_waiting": "The case waits for the resident.",
    "case_closed": "A person closed the case with an outcome.",
    "case_answered_natively": "The city answered on the platform itself.",
    "case_snoozed": "A person put the case aside until a time.",
    "case_woken": "A case put aside is in the lists again: a person's doing, or new words.",
    "case_merged": "A person let the case follow another about the same matter.",
    "case_unmerged": "A person let a merged case stand by itself again.",
    "case_split": "A person took some of a case's words out as a case of their own.",
    "case_unsplit": "A person put a split case's words back.",
    "case_put_back": "A person undid what they had done to many cases at once.",
    "note_written": "An internal note was written.",
    "answer_put_forward": "The author asked for a second person's approval.",
    "answer_sent_back": "The second person gave the answer back to its author.",
    "answer_queued": "A named person pressed send.",
    "answer_undone": "The person took the answer back before it left.",
    "answer_released": "The person let a waiting answer leave at once.",
    "answer_sent": "The platform has the answer.",
    "answer_postponed": "The platform asked us to wait; nothing left.",
    "answer_refused": "The platform said no.",
    "answer_uncertain": "The answer may have arrived; it is being looked for.",
    "answer_seen_to": "The author knows that an answer was refused or has vanished.",
    "answer_vanished": "An answer of ours is no longer on the platform, and not by our doing.",
    "answer_settled": "A person said whether an uncertain answer arrived.",
    "message_hidden": "A person took a message out of public view.",
    "message_shown": "A person showed a hidden or held message.",
    "account_connected": "An account was connected.",
    "account_approved": "A head of administration approved an account.",
    "approval_ending": "An account's approval ends within 60, 30 or 7 days.",
    "approval_ended": "An account's approval is over: it is neither read nor answered from.",
    "register_changed": "Who answers for an account, or when it is watched, was changed.",
    "account_reviewed": "A person looked through an account.",
    "policy_changed": "A new version of the policy applies.",
    "copy_frozen": "A message was copied before it was taken out of public view.",
    "writer_told": "A word to the writer of a hidden message was prepared as a draft.",
    "person_blocked": "A manager blocked a person on a channel.",
    "person_unblocked": "A block was lifted, or looked at and prolonged.",
    "account_changed": "Whether an account's answers need a second person was changed.",
    "account_paused": "An account was paused.",
    "account_resumed": "An account was resumed.",
    "account_connected_again": "An account was given new credentials.",
    "hours_changed": "A new version of opening hours was written.",
    "goal_changed": "A new version of the goal for answers was written.",
    "template_changed": "A template for answers was written, changed, or switched off or on.",
    "mail_sent": "A letter about waiting work went to a colleague.",
    "report_mail_begun": "The Monday letter to a manager was begun; it is not begun twice.",
    "mail_failed": "A letter about waiting work could not be sent.",
    "incident_began": "An administrator switched a channel to read-only.",
    "incident_ended": "An administrator let a channel send again.",
    "answer_deleted": "A person took one of the city's own answers away from the platform.",
    "message_rejected": "A person turned a held message down for good.",
    "source_rung": "A platform's webhook asked for a look at once.",
    "source_failed": "A source could not be read.",
    "source_recovered": "A source can be read again.",
    "source_gone": "A source is gone for good.",
    "signed_in": "A person signed in.",
    "signed_out": "A person signed out.",
    "staff_added": "A person was given access.",
    "staff_changed": "A person's role or access was changed.",
    "call_registered": "A person wrote down a call or a visit as a case.",
    "call_answered": "A named person gave the answer by voice; `at` is when.",
    "call_not_reached": "A person called back and nobody answered.",
    "call_number_erased": "The number to call back at was erased, some time after the case closed.",
    "would_have_phoned": "A person judged that the resident would else have phoned.",
    "would_have_phoned_undone": "That judgement was taken back.",
    "call_counts_imported": "The switchboard's counts of calls were taken in.",
    "arrivals_imported": "Visits to the website were taken in from a file.",
    "link_marks_changed": "Whether links in an account's answers carry a mark was changed.",
    "departments_synced": "The departments were read from their file.",
}


class Event(Table):
    """One line of the ledger. No resident's personal data; updates and deletes are refused.

    The ids are plain numbers, not foreign keys: the ledger outlives what it tells about.
    """

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("name <> ''", name="an_event_has_a_name"),
        Index("ix_events_case", "case_id", "id"),
        Index("ix_events_name", "name", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    name: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[int | None] = mapped_column()
    message_id: Mapped[int | None] = mapped_column()
    answer_id: Mapped[int | None] = mapped_column()
    staff_id: Mapped[int | None] = mapped_column()
    account_id: Mapped[int | None] = mapped_column()
    source_id: Mapped[int | None] = mapped_column()
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


def event_row(
    name: str,
    *,
    at: datetime,
    case_id: int | None = None,
    message_id: int | None = None,
    answer_id: int | None = None,
    staff_id: int | None = None,
    account_id: int | None = None,
    source_id: int | None = None,
    **details: Any,
) -> dict[str, Any]:
    """One event as a row. Raises KeyError for a name that EVENT_NAMES does not hold."""
    EVENT_NAMES[name]
    return {
        "at": at,
        "name": name,
        "case_id": case_id,
        "message_id": message_id,
        "answer_id": answer_id,
        "staff_id": staff_id,
        "account_id": account_id,
        "source_id": source_id,
        "details": details,
    }


def log_events(rows: Sequence[dict[str, Any]]) -> None:
    """Write events in the running transaction."""
    if rows:
        db.session.execute(insert(Event), list(rows))


def log_event(name: str, *, at: datetime, **what: Any) -> None:
    """Write one event in the running transaction; see `event_row` for what may be said."""
    log_events([event_row(name, at=at, **what)])
