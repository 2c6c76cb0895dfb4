"""The policy's rules as data: read by all, changed by communications, every version kept."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.answers.moderate import HIDE_REASONS
from app.channels.base import PostSeen
from app.database import db, writing
from app.models import Event, PolicyVersion
from app.models.staff import Role
from app.people.policy import (
    RULES,
    BadPolicy,
    Policy,
    change_policy,
    policy_in_force,
    posts_this_week,
    read_policy,
)
from app.people.rights import ALLOWED, Act, NotAllowed
from app.web import policy_words
from tests.conftest import MONDAY
from tests.factories import a_person, an_account, said, take_in, the_case
from tests.web.test_roles import signed_in, token

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FORM = {"opens": "08:00", "closes": "16:30", "posts_a_week": "3"}


def post(client, address, **form):
    """A form is sent; the page it leads to."""
    field = token(client.get("/mitt-konto").text)
    return client.post(address, data={"csrf_token": field, **form}, follow_redirects=True)


def test_who_may_not_changes_nothing(app):
    """Only communications may; the administrator and the manager are refused in the use itself."""
    for role in set(Role) - {Role.COMMUNICATIONS}:
        person = a_person(role, "Otto Ek", "miljo" if role == Role.HANDLER else "", now=MONDAY)
        with pytest.raises(NotAllowed):
            change_policy(Policy(posts_a_week=9), by=person, now=MONDAY)
    assert policy_in_force() == Policy()


def test_every_version_is_kept_with_who_and_when(app, at):
    """A change makes a version; none is changed or deleted; what is not changed makes none."""
    at(MONDAY)
    erik = a_person("communications", "Erik Nord", now=MONDAY)
    client = signed_in(app, erik.login)
    said_now = post(client, "/policy/andra", **FORM, text_tone="Var vänlig.").text
    assert "Den nya versionen gäller" in said_now
    assert "Var vänlig." in said_now
    again = post(client, "/policy/andra", **FORM, text_tone="Var vänlig.").text
    assert "Inget var ändrat" in again
    at(MONDAY + HOUR)
    post(client, "/policy/andra", **FORM, text_tone="Var kort.")
    db.session.commit()
    rows = db.session.scalars(select(PolicyVersion).order_by(PolicyVersion.id)).all()
    assert [(row.by_id, row.at, row.texts["tone"]) for row in rows] == [
        (erik.id, MONDAY, "Var vänlig."),
        (erik.id, MONDAY + HOUR, "Var kort."),
    ]
    assert "Var vänlig." in client.get(f"/policy/{rows[0].id}").text
    named = select(Event.staff_id).where(Event.name == "policy_changed")
    assert db.session.scalars(named).all() == [erik.id, erik.id]
    for statement in ("UPDATE policy_versions SET by_id = 1", "DELETE FROM policy_versions"):
        with pytest.raises(DatabaseError), writing():
            db.session.execute(text(statement))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"opens": "åtta"}, "opens"),
        ({"closes": "07:00"}, "closes"),
        ({"posts_a_week": "många"}, "posts_a_week"),
        ({"posts_a_week": "-1"}, "posts_a_week"),
        ({"election_from": "2026-06-01"}, "election_to"),
        ({"election_from": "2026-06-02", "election_to": "2026-06-01"}, "election_to"),
        ({"election_from": "i vår", "election_to": "2026-06-01"}, "election_from"),
        ({"text_tone": "x" * 2001}, "text_tone"),
    ],
)
@pytest.mark.once
def test_what_cannot_be_read_is_said_at_its_field(change, field):
    """Nothing is taken for something else."""
    with pytest.raises(BadPolicy) as refused:
        read_policy(FORM | change)
    assert refused.value.field == field


@pytest.mark.once
def test_every_rule_and_reason_has_its_words():
    """The page can say all that the code holds, and the closed list has no reason for criticism."""
    assert set(policy_words.RULES) == set(RULES)
    assert tuple(policy_words.HIDE_REASONS) == HIDE_REASONS
    assert set(policy_words.IN_LAW) < set(HIDE_REASONS)
    assert set(policy_words.REASON_TO_WRITER) == set(HIDE_REASONS) - {"barnpornografi"}


@pytest.mark.once
def test_the_page_shows_who_may_do_what_as_it_is(app):
    """The table has a yes in as many places as the rights have, and everybody reads it."""
    anna = a_person(now=MONDAY)
    page = signed_in(app, anna.login).get("/policy").text
    yes = sum(act in ALLOWED[role] for act in policy_words.MAY for role in Role)
    table = page[page.index('id="vem"') :]
    assert table.count('<span class="vh">ja</span>') == yes
    assert Act.CHANGE_POLICY in policy_words.MAY


@pytest.mark.parametrize(
    ("at_", "usual"),
    [
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), True),  # Monday 08.00
        (datetime(2026, 11, 23, 6, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 15, 30, tzinfo=UTC), False),  # 16.30
        (datetime(2026, 11, 28, 10, 0, tzinfo=UTC), False),  # Saturday
        (datetime(2026, 12, 24, 10, 0, tzinfo=UTC), False),  # Christmas Eve
        (datetime(2026, 7, 1, 6, 0, tzinfo=UTC), True),  # summer time: 08.00
    ],
)
@pytest.mark.once
def test_public_answers_have_their_usual_hours(app, at_, usual):
    """Working days by the clock in Stockholm."""
    assert Policy(opens=time(8), closes=time(16, 30)).is_usual_hour(at_) == usual


@pytest.mark.once
def test_an_election_period_has_both_its_days():
    """From the first local day to the last, both counted."""
    policy = Policy(election_from=date(2026, 11, 23), election_to=date(2026, 11, 24))
    moments = (
        datetime(2026, 11, 22, 22, 59, tzinfo=UTC),
        datetime(2026, 11, 22, 23, 0, tzinfo=UTC),
        datetime(2026, 11, 24, 22, 59, tzinfo=UTC),
        datetime(2026, 11, 24, 23, 0, tzinfo=UTC),
    )
    assert [policy.is_election(moment) for moment in moments] == [False, True, True, False]


@pytest.mark.once
def test_the_composer_reminds_and_is_in_nobodys_way(app, at):
    """Outside hours and in an election period there is a hint; the send button is there all the same."""
    erik = a_person("communications", "Erik Nord", now=MONDAY)
    election = Policy(election_from=date(2026, 11, 28), election_to=date(2026, 12, 1))
    source = an_account("practice", now=MONDAY)
    take_in(source, said("Hej", at=MONDAY))
    client = signed_in(app, erik.login)
    at(MONDAY)
    page = client.get(f"/arenden/{the_case().id}").text
    assert "öppna svar ges" not in page
    change_policy(election, by=erik, now=MONDAY)
    at(MONDAY + 5 * DAY)
    page = client.get(f"/arenden/{the_case().id}").text
    assert "öppna svar ges vardagar 08.00–16.30" in page
    assert "Inför val svarar vi på sakfrågor" in page
    assert 'value="publicera"' in page


def test_the_citys_own_posts_are_counted_per_account_and_week(app):
    """Posts of the last seven days, the city's own; a resident's post that mentions it is none."""
    source = an_account(now=MONDAY)
    for number, at_, own in (("a", 1, True), ("b", 6, True), ("c", 8, True), ("d", 2, False)):
        post_ = PostSeen(number, "Rubrik", "", published_at=MONDAY - at_ * DAY, by_city=own)
        take_in(source, said("Hej", at=MONDAY - at_ * DAY, under=post_, number=f"m{number}"))
    assert posts_this_week(MONDAY) == {source.account_id: 2}
