"""Calls and visits, the switchboard's counts, arrivals at the website."""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0008"
down_revision = "0007"

INDEXES = (
    ("calls", "ix_calls_registered", ["registered_at"]),
    ("calls", "ix_calls_registered_by_id", ["registered_by_id"]),
    ("phone_marks", "ix_phone_marks_staff_id", ["staff_id"]),
    ("call_counts", "ix_call_counts_department", ["department_id", "day"]),
)


def upgrade() -> None:
    """Make the new tables; nothing that was there changes."""
    _make_tables_of_calls()
    _make_tables_of_figures()
    for table, name, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take them away; the cases themselves stay, as cases of a channel that is not known."""
    for table, name, _columns in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    for table in ("website_looks", "arrivals", "call_counts", "phone_marks", "calls"):
        op.drop_table(table)


def _make_tables_of_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("visit", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("call_back", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reach", sa.Text(), server_default="", nullable=False),
        sa.Column("registered_by_id", sa.Integer(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "reach = '' OR (call_back AND erased_at IS NULL)",
            name="a_number_is_kept_only_to_call_back",
        ),
        *_keys("calls", "case_id", case_id="cases", registered_by_id="staff",
               answered_by_id="staff"),
    )  # fmt: skip
    op.create_table(
        "phone_marks",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        *_keys("phone_marks", "case_id", case_id="cases", staff_id="staff"),
    )


def _make_tables_of_figures() -> None:
    op.create_table(
        "call_counts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(80), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("imported_by_id", sa.Integer(), nullable=True),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("day", "queue", "hour", "subject", name="calls_are_counted_once"),
        sa.CheckConstraint("calls >= 0", name="a_count_of_calls_is_not_negative"),
        sa.CheckConstraint("hour between -1 and 23", name="calls_are_counted_by_hour_or_day"),
        *_keys("call_counts", "id", department_id="departments", imported_by_id="staff"),
    )
    op.create_table(
        "arrivals",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind in ('social', 'campaign')", name="an_arrival_has_a_known_kind"),
        sa.CheckConstraint("visits >= 0", name="a_count_of_visits_is_not_negative"),
        *_keys("arrivals", "day", "kind", "label"),
    )
    op.create_table(
        "website_looks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("looked_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(40), server_default="", nullable=False),
        sa.Column("error_text", sa.String(300), server_default="", nullable=False),
        *_keys("website_looks", "id"),
    )


def _keys(table: str, *primary: str, **foreign: str) -> list[sa.Constraint]:
    """The primary key and the foreign ones, with their names."""
    pointers = [
        sa.ForeignKeyConstraint(
            [column], [f"{other}.id"], name=f"{table}_{column}_is_one_of_{other}"
        )
        for column, other in foreign.items()
    ]
    return [*pointers, sa.PrimaryKeyConstraint(*primary, name=f"{table}_have_an_id")]
