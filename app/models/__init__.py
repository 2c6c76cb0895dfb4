"""The tables, one file per family. Importing this package makes all of them known."""

from app.models.answer import Answer, Note
from app.models.case import Case, CaseSeen
from app.models.event import EVENT_NAMES, Event
from app.models.message import Message, MessageVersion, Person, Post, RawPayload
from app.models.routing import Correction, Rule, Suggestion, Training
from app.models.source import Account, Incident, Source, Spending
from app.models.staff import ClosedDay, Department, SignInAttempt, Staff, StaffSession

__all__ = [
    "EVENT_NAMES",
    "Account",
    "Answer",
    "Case",
    "CaseSeen",
    "ClosedDay",
    "Correction",
    "Department",
    "Event",
    "Incident",
    "Message",
    "MessageVersion",
    "Note",
    "Person",
    "Post",
    "RawPayload",
    "Rule",
    "SignInAttempt",
    "Source",
    "Spending",
    "Staff",
    "StaffSession",
    "Suggestion",
    "Training",
]
