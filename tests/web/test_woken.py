"""The list's news about cases that were put aside."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.database import db
from app.inbox import handle
from app.models import Event
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in, the_case
from tests.web.test_roles import signed_in

pytestmark = pytest.mark.once


def test_a_case_that_is_taken_out_again_is_news_in_the_list(app, at):
    """Nothing new while it is put aside; when it comes back the bar above the list tells of it."""
    at(MONDAY)
    take_in(an_account(now=MONDAY), said("När öppnar badet?", at=MONDAY))
    anna, case = a_person(now=MONDAY), the_case()
    until, seen = MONDAY + timedelta(hours=3), case.version
    handle.snooze(case.id, until=until, by=anna, now=MONDAY, seen_version=seen)
    client = signed_in(app, anna.login)
    newest = db.session.scalar(select(func.max(Event.id)))
    assert client.get(f"/arenden/nya?sedan={newest}").status_code == 204
    handle.wake(case.id, by=anna, now=MONDAY)
    assert "1 ny – visa" in client.get(f"/arenden/nya?sedan={newest}").text
