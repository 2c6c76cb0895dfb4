"""Reads the ledger of some cases from its beginning and says which question turns there were.

The rules, one place each: a turn begins with the first word of a resident that waits, by the
platform's time. Only a human answer ends it as answered: one of ours when the platform has it, for
the words that were there when send was pressed; the city's own on the platform, for the words
before it; one by voice. A case that is closed, or set to wait for the resident, while somebody
waits ends it without an answer. Hand-backs, putting aside, merging and handing over end nothing.
Nothing here asks the database or the calendar.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from app.basics.clock import parse_utc
from app.reports.conversation import Conversation
from app.reports.histories import Closing, History, Line, Place, Press

NO_ANSWER = "ingen"
FROM_THE_PLATFORM = frozenset(
    {"case_opened", "case_reopened", "case_answered_natively", "message_received",
     "own_message_seen", "message_edited", "message_removed", "message_status_changed",
     "answer_vanished", "case_woken"}
)  # fmt: skip
"""What one page of a platform writes in one go: an answer seen there may be told before itself."""


class Replay(Conversation):
    """The histories of cases that have to do with each other, read line by line."""

    def read(self, lines: Iterable[Line]) -> "Replay":
        """Take in lines, in the order of their ids."""
        rows = list(lines)
        self._with_answer = {
            (row.case_id, row.at) for row in rows if row.name in ("answer_sent", "answer_settled")
        }
        self._said = {
            row.message_id: at
            for row in rows
            if row.name == "own_message_seen" and row.message_id and (at := self._time_of(row))
        }
        for row in rows:
            if row.at != self._moment or row.name not in FROM_THE_PLATFORM:
                self._end_natively_unseen()
            self._moment = row.at
            case = self.case(row.case_id)
            self._learn(case, row)
            act = ACTS.get(row.name)
            if act is not None:
                act(self, case, row)
        self._end_natively_unseen()
        return self

    def _learn(self, case: History, row: Line) -> None:
        if row.staff_id is not None:
            case.looks.append((row.id, row.at))
        kind = row.details.get("kind")
        if kind:
            case.kind = str(kind)
            if case.ended and not case.waiting and not case.ended[-1].kind:
                case.ended[-1].kind = case.kind

    # --- Answers of ours --------------------------------------------------------------------------

    def pressed(self, case: History, row: Line) -> None:
        """A person pressed send: against the words there are that no other is to answer."""
        press = self._presses.setdefault(row.answer_id or 0, Press(row.id))
        for one in (case, *self.followers(case)):
            taken: set[int] = set()
            for other in self._presses.values():
                if other is not press and other.on_its_way:
                    taken |= other.words.get(one.id, set())
            press.words[one.id] = one.known.keys() - one.settled - taken

    def sent(self, case: History, row: Line) -> None:
        """The platform has it, or a person says so: what it was pressed against is answered."""
        press = self._presses.get(row.answer_id or 0)
        if press is None or row.details.get("arrived") is False:
            return
        settled = row.name == "answer_settled"
        at = press.unclear if settled and press.unclear else row.at
        press.on_its_way, press.arrived = False, at
        for one in (case, *self.followers(case)):
            self._answered_by(one, press, at, row)

    def _answered_by(self, case: History, press: Press, at: datetime, row: Line) -> None:
        covered = press.words.get(case.id, set())
        case.settled |= covered
        for turn in case.ended:
            after = turn.line is not None and turn.line > press.line
            if not (after and turn.words.keys() <= covered):
                continue
            if turn.ended in ("closed", "set_waiting"):
                self._turns_out_answered(turn, at, "answer")
            elif turn.how == "native" and turn.ended == "answered":
                turn.how = "answer"  # our own, which a look at the platform found first
        words = covered & case.waiting.keys()
        if words:
            self.end(case, words, row, "answered", at=at, how="answer")

    def unclear(self, _case: History, row: Line) -> None:
        """It may have arrived: should a person say so later, it did now."""
        press = self._presses.get(row.answer_id or 0)
        if press is not None:
            press.unclear = row.at

    def lost(self, case: History, row: Line) -> None:
        """It will not arrive: its words go to the next that was pressed after it."""
        press = self._presses.get(row.answer_id or 0)
        if press is None:
            return
        press.on_its_way = False
        heir = next(
            (
                other
                for other in self._presses.values()
                if other.line > press.line
                and (other.on_its_way or other.arrived)
                and case.id in other.words
            ),
            None,
        )
        for one in (case, *self.followers(case)):
            words = press.words.pop(one.id, set())
            if heir is not None:
                heir.words.setdefault(one.id, set()).update(words)
                if heir.arrived is not None:
                    self._answered_by(one, heir, heir.arrived, row)

    def by_voice(self, case: History, row: Line) -> None:
        """A person gave the answer on the telephone or face to face."""
        if case.waiting:
            self.end(case, case.waiting, row, "answered", at=row.at, how="phone")
        case.settled |= case.known.keys()

    # --- What people do with a case --------------------------------------------------------------

    def closed(self, case: History, row: Line) -> None:
        """Closed: what waited has got no answer, unless an answer to another closed it."""
        alone = row.answer_id is None and row.message_id is None
        into = row.details.get("into") if alone else None
        since = parse_utc(row.details.get("waited_since", ""))
        case.closings.append(Closing(row.id, row.at, since, into))
        case.before = ("klar", case.place, set(case.settled))
        if alone and (case.id, row.at) in self._with_answer:
            return  # whatever it answers, the answer says itself
        case.settled |= case.known.keys()
        if not case.waiting:
            return
        if row.answer_id is not None:
            self.end(case, case.waiting, row, "answered", at=row.at, how="answer")
        elif row.message_id is not None:
            at = self._said.get(row.message_id, row.at)
            self.end(
                case, case.waiting, row, "answered", at=at, how="native", native=row.message_id
            )
        else:
            outcome = row.details.get("outcome", "")
            self.end(case, case.waiting, row, "closed", outcome=outcome)

    def set_waiting(self, case: History, row: Line) -> None:
        """A person says that it is the resident's turn, though nobody has answered."""
        case.before = ("vanta", case.place, set(case.settled))
        if case.waiting:
            self.end(case, case.waiting, row, "set_waiting")
        case.settled |= case.known.keys()

    def reopened(self, case: History, row: Line) -> None:
        """A person takes a closing back: who waited then waits still, since the same moment."""
        if row.staff_id is None or not case.closings:
            return
        self._undo_closing(case, row)
        for one in self.followers(case):
            if one.closings and one.closings[-1].into == case.id:
                self._undo_closing(one, row)

    def _undo_closing(self, case: History, row: Line) -> None:
        """The words that only the last closing had settled wait again."""
        closing = case.closings.pop()
        if closing.since is None:
            return
        arrived: set[int] = set()
        for press in self._presses.values():
            if press.arrived is not None:
                arrived |= press.words.get(case.id, set())
        words = {
            word.id
            for word in case.known.values()
            if word.published >= closing.since and word.id not in arrived
        }
        self._wait_again(case, words & case.settled, row)

    def put_back(self, case: History, row: Line) -> None:
        """A person undoes what they did to many cases: each stands as it stood."""
        act = row.details.get("act", "")
        if case.before is None or case.before[0] != act:
            return
        follows = case.leader is not None
        if act == "klar" and case.closings and case.closings[-1].into == case.leader:
            case.closings.pop()
            self._wait_again(case, case.settled - case.before[2], row)
        elif act == "koppla" and not follows:  # only closing reaches what follows
            case.place = case.before[1]
        elif act == "vanta" and not follows:
            self._wait_again(case, case.settled - case.before[2], row)
        case.before = None

    def routed(self, case: History, row: Line) -> None:
        """It lies with a department from now on, or with none; there already, since before."""
        sure = row.name != "case_unsure"
        slug = str(row.details.get("to") or "") if sure else ""
        aside = slug == NO_ANSWER
        slug = "" if aside else slug
        since = case.place.since if slug == case.place.slug else row.at
        if row.staff_id is not None:
            case.before = ("koppla", case.place, set())
        case.place = Place(slug, since if slug else None, aside)
        for route in case.routes[-1:]:
            route[2] = route[2] or slug
        if case.ended and not case.waiting and not case.ended[-1].place.slug and slug:
            case.ended[-1].place = Place(slug, None, case.ended[-1].place.no_answer_needed)

    def handed_back(self, case: History, row: Line) -> None:
        """A department says that it is not theirs."""
        case.routes.append([row.id, row.details.get("was") or case.place.slug, ""])
        case.place = Place()

    def taken(self, case: History, row: Line) -> None:
        """Somebody has it in hand."""
        case.takes.append((row.id, row.at))

    def merged(self, case: History, row: Line) -> None:
        """It follows another from now on, with what followed it; nobody's clock stops."""
        into = row.details.get("into")
        if into is None:
            return
        for one in self.followers(case):
            one.leader, one.came_with = into, case.id
        case.leader, case.came_with = into, None

    def unmerged(self, case: History, row: Line) -> None:
        """It stands by itself again, with what had followed it."""
        leader = case.leader
        if row.details.get("into") is None:
            return
        case.leader = None
        for one in self.cases.values():
            if one.leader == leader and leader is not None and one.came_with == case.id:
                one.leader, one.came_with = case.id, None

    def split(self, case: History, row: Line) -> None:
        """Some words are a case of their own from now on, whose clock they take along."""
        if (out := row.details.get("out")) is not None:
            new = self.case(out)
            new.account_id, new.channel = case.account_id, case.channel
            new.kind = new.kind or case.kind
            for number in row.details.get("with_them", ()):
                if number in case.natives:
                    new.natives[number] = case.natives.pop(number)
            for number in row.details.get("messages", ()):
                self._move(case, new, number)
            self._natives_again(case, row)
            self._natives_again(new, row)
        elif "to" in row.details:
            self.routed(case, row)

    def unsplit(self, case: History, row: Line) -> None:
        """The words are the other case's again, and this one follows it."""
        if (into := row.details.get("into")) is None:
            return
        home = self.case(into)
        for number in list(case.known):
            self._move(case, home, number)
        home.natives |= case.natives
        case.natives.clear()
        self._natives_again(home, row)
        case.leader = home.leader or home.id


ACTS: Mapping[str, Callable[[Replay, History, Line], None]] = {
    "case_opened": Replay.opened,
    "message_received": Replay.received,
    "message_edited": Replay.edited,
    "message_removed": Replay.status_changed,
    "message_status_changed": Replay.status_changed,
    "own_message_seen": Replay.native,
    "case_answered_natively": Replay.told_natively,
    "answer_queued": Replay.pressed,
    "answer_sent": Replay.sent,
    "answer_settled": Replay.sent,
    "answer_uncertain": Replay.unclear,
    "answer_refused": Replay.lost,
    "answer_undone": Replay.lost,
    "call_answered": Replay.by_voice,
    "case_closed": Replay.closed,
    "case_waiting": Replay.set_waiting,
    "case_reopened": Replay.reopened,
    "case_put_back": Replay.put_back,
    "case_routed": Replay.routed,
    "case_unsure": Replay.routed,
    "case_rerouted": Replay.routed,
    "case_handed_back": Replay.handed_back,
    "case_taken": Replay.taken,
    "case_merged": Replay.merged,
    "case_unmerged": Replay.unmerged,
    "case_split": Replay.split,
    "case_unsplit": Replay.unsplit,
}
"""What each event means for turns; all others mean nothing."""
