"""Which answers that wait for a second person are open to whom: one rule for pages and letters."""

from sqlalchemy import ColumnElement, or_, select

from app.models import Answer, AnswerCase, Case, Department, Staff
from app.people.rights import visible_cases


def all_open_to(staff: Staff) -> ColumnElement[bool]:
    """The condition on `Answer` that the person may see, with its notes, each case it answers
    together with others."""
    theirs = (
        select(Case.id)
        .outerjoin(Department, Department.id == Case.department_id)
        .where(
            Case.id == AnswerCase.case_id,
            visible_cases(staff),
            or_(
                Department.id.is_(None),
                Department.restricted.is_(False),
                Department.id == staff.department_id,
            ),
        )
        .correlate(AnswerCase)
        .exists()
    )
    closed = select(AnswerCase.case_id).where(AnswerCase.answer_id == Answer.id, ~theirs)
    return ~closed.correlate(Answer).exists()
