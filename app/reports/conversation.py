"""What is said in a conversation, on the platform's side: residents' words, and the city's there.

`replay.Replay` goes through the ledger with it; the rules are told there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.basics.clock import parse_utc
from app.reports.histories import History, Line, Press, Turn, Word

GONE = ("removed", "spam")


class Conversation:
    """The histories of cases that are tied together: which words wait, which turns have ended."""

    def __init__(self, published: Mapping[int, tuple[datetime, bool]] | None = None) -> None:
        """`published`: of messages whose line does not say it, the platform's time, and history."""
        self.cases: dict[int, History] = {}
        self._published = published or {}
        self._presses: dict[int, Press] = {}
        self._seen_later: list[tuple[int, datetime, int]] = []
        self._moment: datetime | None = None
        self._said: dict[int, datetime] = {}
        self._with_answer: set[tuple[int, datetime]] = set()

    def case(self, case_id: int) -> History:
        """A case's history; an empty one for a new number."""
        found = self.cases.get(case_id)
        if found is None:
            found = self.cases[case_id] = History(case_id)
        return found

    def followers(self, case: History) -> list[History]:
        """The cases that follow this one now."""
        return [one for one in self.cases.values() if one.leader == case.id]

    def _time_of(self, row: Line) -> datetime | None:
        told = row.details.get("published")
        if told:
            return parse_utc(told)
        known = self._published.get(row.message_id or 0)
        return known[0] if known else None

    # --- What residents say ----------------------------------------------------------------------

    def opened(self, case: History, row: Line) -> None:
        """A case begins; it may say where."""
        case.account_id = row.account_id or case.account_id
        case.channel = row.details.get("channel", case.channel)

    def received(self, case: History, row: Line) -> None:
        """A resident's word waits, unless it is old, gone, or answered on the platform already."""
        number = row.message_id or -row.id
        published = self._time_of(row) or row.at
        word = Word(number, published, row.at, row.id, published)
        history = self._published.get(number, (None, False))[1]
        if row.details.get("history") or history:
            return
        case.known[number] = word
        if row.details.get("is") in GONE:
            case.gone.add(number)
            case.loose.add(number)
        else:
            self._waits(case, word, row)

    def _waits(self, case: History, word: Word, row: Line) -> None:
        after = [(at, number) for number, at in case.natives.items() if at > word.published]
        if not after:
            case.waiting[word.id] = word
            return
        at, number = min(after)
        for turn in case.ended:
            if turn.how == "native" and turn.at == at:
                turn.words[word.id] = word
                return
        case.waiting[word.id] = word
        self.end(case, [word.id], row, "answered", at=at, how="native", native=number)

    def edited(self, case: History, row: Line) -> None:
        """A word that was answered and then changed is a question again, asked when we saw it."""
        word = case.known.get(row.message_id or 0)
        if word is None:
            return
        for press in self._presses.values():
            press.words.get(case.id, set()).discard(word.id)
        if word.id not in case.settled:
            return
        case.settled.discard(word.id)
        fresh = Word(word.id, row.at, row.at, row.id, word.published)
        case.known[word.id] = fresh
        if word.id in case.gone:
            case.loose.add(word.id)
        elif not any(at > word.published for at in case.natives.values()):
            case.waiting[word.id] = fresh

    def status_changed(self, case: History, row: Line) -> None:
        """A message is gone from the platform, or there again."""
        number = row.message_id or 0
        gone = row.name == "message_removed" or row.details.get("is") in GONE
        if number in self._said:
            self._native_changed(case, number, gone, row)
        elif number in case.known and gone:
            self._withdraw(case, number, row)
        elif number in case.known:
            self._bring_back(case, number, row)

    def _withdraw(self, case: History, number: int, row: Line) -> None:
        case.gone.add(number)
        if number not in case.waiting:
            return
        if len(case.waiting) == 1:
            self.end(case, [number], row, "removed")
        else:
            del case.waiting[number]
            case.loose.add(number)

    def _bring_back(self, case: History, number: int, row: Line) -> None:
        if number not in case.gone:
            return
        case.gone.discard(number)
        turn = self._turn_of(case, number)
        withdrawn = turn is not None and turn.ended == "removed"
        if number in case.settled or not (withdrawn or number in case.loose):
            return
        if turn is not None and withdrawn:
            case.ended.remove(turn)
        case.loose.discard(number)
        self._waits(case, case.known[number], row)

    # --- Answers on the platform itself ----------------------------------------------------------

    def native(self, case: History, row: Line) -> None:
        """The city answered there: what was said before it, in what follows this case too."""
        if row.message_id is None:
            return
        at = self._said.get(row.message_id)
        if at is None:
            return
        self._answered_natively(case, at, row)
        for one in self.followers(case):
            self._end_before(one, at, row, row.message_id)
            one.settled |= {word.id for word in one.known.values() if word.published < at}

    def _answered_natively(self, case: History, at: datetime, row: Line) -> None:
        number = row.message_id or 0
        case.natives[number] = at
        self._end_before(case, at, row, number)
        for turn in case.ended:
            left = turn.at if turn.ended in ("closed", "set_waiting") else None
            if left is not None and turn.asked < at <= left:
                self._turns_out_answered(turn, at, "native")
                turn.native = number

    def _turns_out_answered(self, turn: Turn, at: datetime, how: str) -> None:
        turn.before = (turn.ended, turn.at, turn.outcome)
        turn.ended, turn.at, turn.how, turn.outcome = "answered", at, how, ""

    def _end_before(self, case: History, at: datetime, row: Line, native: int) -> None:
        words = [word.id for word in case.waiting.values() if word.published < at]
        if words:
            self.end(case, words, row, "answered", at=at, how="native", native=native)

    def told_natively(self, case: History, row: Line) -> None:
        """The case was answered on the platform by something that came before its question."""
        at = parse_utc(row.details.get("published", ""))
        if at is not None:
            self._seen_later.append((case.id, at, row.id))

    def _end_natively_unseen(self) -> None:
        for case_id, at, line in self._seen_later:
            case = self.cases[case_id]
            words = [word.id for word in case.waiting.values() if word.published < at]
            if words:
                turn = self._take_out(case, words)
                turn.ended, turn.at, turn.line, turn.how = "answered", at, line, "native"
        self._seen_later.clear()

    def _native_changed(self, case: History, number: int, gone: bool, row: Line) -> None:
        if not gone:
            self._answered_natively(case, self._said[number], row)
            return
        case.natives.pop(number, None)
        for turn in [one for one in case.ended if one.native == number]:
            if turn.before is not None:
                turn.ended, turn.at, turn.outcome = turn.before
                turn.how, turn.native, turn.before = "", None, None
                continue
            left = [word for word in turn.words.values() if word.id not in case.settled]
            if not left:
                continue
            case.ended.remove(turn)
            for word in left:
                if word.id in case.gone:
                    case.loose.add(word.id)
                else:
                    self._waits(case, word, row)

    # --- How a turn ends --------------------------------------------------------------------------

    def end(
        self,
        case: History,
        words: Iterable[int],
        row: Line,
        ended: str,
        *,
        at: datetime | None = None,
        **more: Any,
    ) -> None:
        """What waits of these words is a turn that has ended; the rest goes on as the next."""
        turn = self._take_out(case, list(words))
        turn.ended, turn.at, turn.line = ended, at or row.at, row.id
        for name, value in more.items():
            setattr(turn, name, value)

    def _take_out(self, case: History, words: list[int]) -> Turn:
        taken = {number: case.waiting.pop(number) for number in words}
        turn = Turn(taken, place=case.place, kind=case.kind)
        case.ended.append(turn)
        return turn

    def _turn_of(self, case: History, number: int) -> Turn | None:
        return next((turn for turn in reversed(case.ended) if number in turn.words), None)

    def _wait_again(self, case: History, words: set[int], row: Line) -> None:
        """Words that had been dealt with are not, after all: their turns have not ended."""
        case.settled -= words
        for turn in list(case.ended):
            back = words & turn.words.keys()
            if not back or turn.ended == "removed" or turn.native in case.natives:
                continue
            case.ended.remove(turn)
            taken = {number: turn.words.pop(number) for number in back}
            if turn.words:
                case.ended.append(turn)
            for number, word in taken.items():
                if number in case.gone:
                    case.loose.add(number)
                else:
                    self._waits(case, word, row)

    # --- Words that go to another case ------------------------------------------------------------

    def _move(self, case: History, other: History, number: int) -> None:
        for words in ("waiting", "known"):
            word = getattr(case, words).pop(number, None)
            if word is not None:
                getattr(other, words)[number] = word
        self._leave_turn(case, other, number)
        for marks in ("gone", "settled", "loose"):
            if number in getattr(case, marks):
                getattr(case, marks).discard(number)
                getattr(other, marks).add(number)
        for press in self._presses.values():
            if number in press.words.get(case.id, ()):
                press.words[case.id].discard(number)
                press.words.setdefault(other.id, set()).add(number)

    def _leave_turn(self, case: History, other: History, number: int) -> None:
        """What no answer of ours has dealt with takes its waiting along, and so its turn."""
        turn = self._turn_of(case, number)
        if turn is None or number in case.settled:
            return
        word = turn.words.pop(number)
        if not turn.words:
            case.ended.remove(turn)
        if number in case.gone:
            case.loose.add(number)
        else:
            other.waiting[number] = word

    def _natives_again(self, case: History, row: Line) -> None:
        """Which words are answered on the platform, after words or answers have changed places."""
        for turn in list(case.ended):
            if turn.how == "native" and turn.native not in case.natives:
                words = {number for number in turn.words if number not in case.settled}
                self._wait_again(case, words, row)
        for word in list(case.waiting.values()):
            del case.waiting[word.id]
            self._waits(case, word, row)
