"""The rows of a list, each drawn once for everybody who is shown the same.

Forty rows are most of a list page's work, and from one look to the next, and from one reader to
the other, nearly all of them are the same. A row is kept by all that it is drawn from, so a kept
one cannot be stale; of the times in it the clock's text and the filled part of its face count.
"""

from operator import attrgetter
from typing import Any

from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup

from app.inbox.many import stamp_of
from app.inbox.wishes import View, Wish
from app.models import Case, Rule
from app.people.rights import Act, may
from app.web import looks
from app.web.due import clock_of
from app.web.guard import me
from app.web.sureness import rule_words, rules_behind

MOST_KEPT = 3000
"""Rows kept per process, some 1.5 kB each; when there are more, all are drawn anew."""
DRAWN_FROM = (
    "id", "version", "channel", "person_name", "snippet", "state", "is_open", "no_answer_needed",
    "refer_to", "also", "certainty", "kind", "urgent", "urgent_why", "urgent_by_rule", "language",
    "routed_by", "department_id", "assignee_id", "snoozed_until", "merged_into_id",
)  # fmt: skip
"""All that parts/row.html reads of a case."""
CLOCK_STEPS = 173
"""So many fillings of the clock's face can be told apart in the markup."""

_facts = attrgetter(*DRAWN_FROM)
_kept: dict[Any, Markup] = {}


class Drawer:
    """Draws the rows of one list for the signed-in person."""

    def __init__(self, wish: Wish, cases: list[Case]) -> None:
        self._rules = rules_behind(cases)
        self._row = current_app.jinja_env.get_template("parts/row.html").module.row  # type: ignore[attr-defined]
        self._aside = wish.view == View.SNOOZED
        self._may_pick = may(me(), Act.CLOSE)
        names = hash(tuple(looks.departments().values()))
        self._for_all = (str(get_locale()), names, self._aside, self._may_pick)

    def __call__(
        self, row: Any, href: str, chosen: bool, gone: str = "", swap: bool = False
    ) -> Markup:
        """A row of `lists.listed` as markup. `gone`: why it is no longer in the list; `swap`: it
        takes the place of the one on the page."""
        case: Case = row.Case
        clock, rule = clock_of(case), self._rules.get(case.id)
        unread = row.seen_version is None or row.seen_version < case.version
        key = (
            self._for_all, _facts(case), row.writer, row.has_draft, row.assignee_name,
            row.department_slug, unread, href, chosen, gone, swap, _told(rule),
            clock.shape, clock.text, clock.due, round(clock.share * CLOCK_STEPS),
        )  # fmt: skip
        found = _kept.get(key)
        if found is None:
            found = self._row(
                row, stamp_of(case), clock, rule, href, chosen, gone, swap, unread,
                self._may_pick, self._aside,
            )  # fmt: skip
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            _kept[key] = found
        return found


def _told(rule: Rule | None) -> str | None:
    """What a row tells of the rule that decided."""
    return None if rule is None else rule_words(rule)
