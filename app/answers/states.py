"""From which state an answer may go where, as a table."""

from app.models.answer import AnswerState as S

MOVES: dict[S, frozenset[S]] = {
    S.DRAFT: frozenset({S.QUEUED, S.DISCARDED}),
    S.QUEUED: frozenset({S.DISCARDED, S.SENDING}),
    S.SENDING: frozenset({S.QUEUED, S.SENT, S.UNCERTAIN, S.REFUSED}),
    S.UNCERTAIN: frozenset({S.SENT, S.QUEUED}),
    S.REFUSED: frozenset(),
    S.SENT: frozenset(),
    S.DISCARDED: frozenset(),
}
"""`uncertain` to `queued` only by a person who says that the answer is missing. An answer that is
taken back is discarded, and its words live on in a new draft: what was pressed is never
rewritten."""

ON_THE_WAY = (S.QUEUED, S.SENDING)
NEEDS_A_PERSON = (S.UNCERTAIN, S.REFUSED)
