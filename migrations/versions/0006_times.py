"""Response times: calendars with versions, question turns, daily tallies."""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0006"
down_revision = "0005"

MEASURES = ("waiting", "answering", "looking", "routing", "handling", "closing")
SUMMED = ("counts", "hours", "routes", *MEASURES)


def upgrade() -> None:
    """Make room for calendars, goals, turns and tallies; `flask tallies --rebuild` fills them."""
    _make_calendars()
    _make_turns()
    _make_tallies()


def downgrade() -> None:
    """Take it away again; turns and tallies can be made anew from the ledger."""
    for table in ("tally_marks", "tallies", "turns", "goals", "calendars"):
        op.drop_table(table)


def _make_calendars() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name="calendars_department_id_is_one_of_departments",
        ),
        sa.PrimaryKeyConstraint("id", name="calendars_have_an_id"),
        sa.UniqueConstraint("department_id", "valid_from", name="hours_change_once_a_day"),
    )
    op.create_table(
        "goals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(5), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("unit in ('days', 'hours')", name="a_goal_is_in_days_or_hours"),
        sa.CheckConstraint("amount > 0", name="a_goal_takes_some_time"),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name="goals_department_id_is_one_of_departments"
        ),
        sa.PrimaryKeyConstraint("id", name="goals_have_an_id"),
        sa.UniqueConstraint(
            "department_id", "channel", "valid_from", name="a_goal_changes_once_a_day"
        ),
    )


def _make_turns() -> None:
    times = ("looked_at", "routed_at", "taken_at", "answered_at", "ended_at", "closed_at", "due_at")
    op.create_table(
        "turns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("no_answer_needed", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        *(sa.Column(name, UtcDateTime(), nullable=True) for name in times),
        sa.Column("how", sa.String(10), nullable=False),
        sa.Column("ended", sa.String(12), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("on_time", sa.Boolean(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in MEASURES),
        sa.Column("handed_back", sa.Integer(), nullable=False),
        sa.Column("routes", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "ended in ('open', 'answered', 'closed', 'set_waiting', 'removed')",
            name="a_turn_ends_in_a_known_way",
        ),
        sa.CheckConstraint(
            "(ended = 'answered') = (answered_at IS NOT NULL)", name="an_answered_turn_says_when"
        ),
        sa.PrimaryKeyConstraint("id", name="turns_have_an_id"),
        sa.UniqueConstraint("case_id", "number", name="a_turn_has_its_number_in_a_case"),
    )
    op.create_index("ix_turns_day", "turns", ["day", "department_id", "channel", "kind"])
    some = sa.text("ended = 'open'")
    where = ["day", "department_id", "channel", "kind"]
    counted = [*where, "due_at", "asked_at", "no_answer_needed"]
    op.create_index("ix_turns_open", "turns", counted, sqlite_where=some, postgresql_where=some)


def _make_tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("grain", sa.String(5), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in SUMMED),
        sa.PrimaryKeyConstraint(
            "grain", "first", "department_id", "channel", "kind", name="tallies_have_an_id"
        ),
    )
    op.create_table(
        "tally_marks",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="tally_marks_have_an_id"),
    )
