"""The tables, one file per family. Importing this package makes all of them known."""

from app.models.answer import Answer, Note
from app.models.case import Case, CaseSeen
from app.models.contacts import Arrival, Call, CallCount, PhoneMark, WebsiteLook
from app.models.event import EVENT_NAMES, Event
from app.models.message import Message, MessageVersion, Person, Post, RawPayload
from app.models.policy import (
    AccountPerson,
    Approval,
    Block,
    FrozenCopy,
    PolicyVersion,
)
from app.models.routing import Correction, Rule, Suggestion, Training
from app.models.source import Account, Incident, Source, Spending
from app.models.staff import ClosedDay, Department, SignInAttempt, Staff, StaffSession
from app.models.times import Calendar, Goal, Tally, TallyMark, Turn
from app.models.workbench import (
    AnswerCase,
    BulkAct,
    EarlierTerm,
    Mail,
    Mention,
    Presence,
    SavedView,
    Template,
)

__all__ = [
    "EVENT_NAMES",
    "Account",
    "AccountPerson",
    "Answer",
    "AnswerCase",
    "Approval",
    "Arrival",
    "Block",
    "BulkAct",
    "Calendar",
    "Call",
    "CallCount",
    "Case",
    "CaseSeen",
    "ClosedDay",
    "Correction",
    "Department",
    "EarlierTerm",
    "Event",
    "FrozenCopy",
    "Goal",
    "Incident",
    "Mail",
    "Mention",
    "Message",
    "MessageVersion",
    "Note",
    "Person",
    "PhoneMark",
    "PolicyVersion",
    "Post",
    "Presence",
    "RawPayload",
    "Rule",
    "SavedView",
    "SignInAttempt",
    "Source",
    "Spending",
    "Staff",
    "StaffSession",
    "Suggestion",
    "Tally",
    "TallyMark",
    "Template",
    "Training",
    "Turn",
    "WebsiteLook",
]
