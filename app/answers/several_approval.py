"""A second person's approval of one answer to several residents: put forward, and published.

What waits is a draft, as in `approve`, which also takes it back, keeps what the second person
changes, and sends it back. The second person must see every case that it answers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.answers.approve import change, for_approval
from app.answers.draft_places import chosen_in, lay_down
from app.answers.ready import CannotSend, NeedsReason, TooLate, tidy_body
from app.answers.several import (
    PressedForSeveral,
    SeveralChanged,
    cases_ready,
    must_have_reason,
    needs_second,
    put_out,
)
from app.answers.together import log_answer
from app.answers.under_post import choose, draft_under, new_draft_under, save_draft_under
from app.answers.write import NOTHING_SET, now_at_work
from app.database import db, writing
from app.inbox import posts
from app.inbox.clocks import lock_cases
from app.models import Answer, Case, Staff
from app.people.rights import Act, NotAllowed

OWN_APPROVAL = "several_own_approval"
"""The reason when some of the cases, not all, lie with a department that approves its own."""


def put_forward(
    pressed: PressedForSeveral,
    *,
    by: Staff,
    now: datetime,
    installation: Mapping[str, str] = NOTHING_SET,
    approval_roles: Collection[str] = (),
) -> Answer:
    """Ask for a second person's approval; nothing leaves. The author's draft is locked meanwhile.

    Raises `NotAllowed`, `TooLate` (one waits already), `CannotSend` (also when nobody needs to be
    asked) and `SeveralChanged`; in the last two the text is kept as the person's draft.
    """
    pressed = replace(pressed, body=tidy_body(pressed.body))
    try:
        with writing():
            post = posts.post_for(by, pressed.post_id, Act.ANSWER)
            lock_cases(pressed.seen)
            draft = draft_under(post.id, by)
            if draft is not None and draft.asked_at is not None:
                raise TooLate(draft.state)
            if not needs_second(post, by, approval_roles):
                raise CannotSend("no_approval")
            cases = cases_ready(post, pressed, installation, by=by, author=by, now=now)
            if _nobody_could_approve(cases):
                raise CannotSend(OWN_APPROVAL)
            answer = draft or new_draft_under(pressed.seen, by, now)
            lay_down(answer, by, [case.id for case in cases], among_them=True)
            for case in cases:
                now_at_work(case, by, now=now)
            db.session.flush()
            choose(answer, {case.id: case.version for case in cases})
            answer.body = answer.asked_body = pressed.body
            answer.close_as = pressed.close_as
            answer.asked_at = answer.changed_at = now
            log_answer("answer_put_forward", answer, at=now, staff_id=by.id)
    except (CannotSend, SeveralChanged):
        save_draft_under(pressed.post_id, pressed.seen, body=pressed.body, by=by, now=now)
        raise
    return answer


def _nobody_could_approve(cases: Sequence[Case]) -> bool:
    """Whether a department that approves its own answers has some of the cases, not all."""
    closed = any(case.department is not None and case.department.restricted for case in cases)
    return closed and len({case.department_id for case in cases}) > 1


def publish(
    answer_id: int,
    pressed: PressedForSeveral,
    *,
    by: Staff,
    now: datetime,
    installation: Mapping[str, str] = NOTHING_SET,
    approval_roles: Collection[str] = (),
) -> Answer:
    """Approve an answer, changed or not, and press send on it under one's own name.

    It answers those of the cases it was put forward for that are in `pressed.seen`. The residents
    see the author's name under it. Raises `NotAllowed`, `TooLate`, `NeedsReason`, `CannotSend` and
    `SeveralChanged`; in the last three the text is kept, and waits still.
    """
    pressed = replace(pressed, body=tidy_body(pressed.body))
    try:
        with writing():
            post = posts.post_for(by, pressed.post_id, Act.ANSWER)
            lock_cases(pressed.seen)
            answer = for_approval(answer_id, by, approval_roles)
            if not answer.to_post or answer.case.post_id != post.id:
                raise NotAllowed(Act.ANSWER)
            asked = chosen_in(answer)
            seen = {one: version for one, version in pressed.seen.items() if one in asked}
            pressed, author = replace(pressed, seen=seen), answer.author
            cases = cases_ready(post, pressed, installation, by=by, author=author, now=now)
            stops = must_have_reason(cases, pressed)
            put_out(answer, cases, pressed, stops, by=by, author=author, now=now)
    except (CannotSend, NeedsReason, SeveralChanged):
        change(answer_id, pressed.body, by=by, now=now, approval_roles=approval_roles)
        raise
    return answer
