"""The workbench: views, presence, mentions, templates, earlier answers, bulk acts, mail, approval."""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0005"
down_revision = "0004"

ASIDE = ("merged_into_id", "snoozed_until")
"""What keeps an open case out of the lists; stands in their indexes from now on."""
IN_ORDER = ("is_open", "sort_at", "id")
FILTERED = (
    "department_id", "state", "channel", "account_id", "assignee_id", "language", "kind", "urgent",
    "no_answer_needed", "waiting_since",
)  # fmt: skip
WIDENED = {
    "ix_cases_open": (IN_ORDER, (*IN_ORDER, *ASIDE, *FILTERED)),
    "ix_cases_department": (
        ("department_id", *IN_ORDER),
        ("department_id", *IN_ORDER, *ASIDE, *FILTERED[1:]),
    ),
    "ix_cases_assignee": (
        ("assignee_id", *IN_ORDER),
        ("assignee_id", *IN_ORDER, *ASIDE, "department_id"),
    ),
    "ix_cases_channel": (("channel", *IN_ORDER), ("channel", *IN_ORDER, *ASIDE)),
    "ix_cases_late": (("is_open", "waiting_since"), ("waiting_since", "is_open", *ASIDE)),
}
"""Indexes there were already: the columns they had, and those they have from now on."""
UNSURE = ["is_open", "department_id", "no_answer_needed", "sort_at", "id"]
"""An index that the departments' own does the work of now."""
POINTERS = ("merged_into_id", "split_from_id", "snoozed_until")
"""Columns that few cases have: their indexes hold those alone."""
GROWN = (
    ("accounts", sa.Column("four_eyes", sa.Boolean(), server_default=sa.false(), nullable=False)),
    ("answers", sa.Column("asked_at", UtcDateTime(), nullable=True)),
    ("answers", sa.Column("asked_body", sa.Text(), server_default="", nullable=False)),
    ("answers", sa.Column("to_post", sa.Boolean(), server_default=sa.false(), nullable=False)),
    ("cases", sa.Column("snoozed_until", UtcDateTime(), nullable=True)),
    ("cases", sa.Column("merged_into_id", sa.Integer(), nullable=True)),
    ("cases", sa.Column("split_from_id", sa.Integer(), nullable=True)),
    ("staff", sa.Column("four_eyes", sa.Boolean(), server_default=sa.false(), nullable=False)),
    ("staff", sa.Column("email", sa.String(254), server_default="", nullable=False)),
    ("staff", sa.Column("mail_when", sa.String(10), server_default="", nullable=False)),
    ("staff", sa.Column("digest_at", sa.String(5), server_default="08:00", nullable=False)),
    ("staff", sa.Column("digest_on", sa.Date(), nullable=True)),
    ("staff", sa.Column("keys", sa.JSON(), server_default="{}", nullable=False)),
)
INDEXES = (
    ("answers", "ix_answers_asked", ["asked_at"]),
    ("cases", "ix_cases_account", ["account_id", *IN_ORDER, *ASIDE]),
    ("cases", "ix_cases_language", ["language", *IN_ORDER, *ASIDE]),
    ("presences", "ix_presences_case", ["case_id", "seen_at"]),
    ("mentions", "ix_mentions_staff", ["staff_id", "read_at"]),
    ("templates", "ix_templates_department", ["active", "department_id"]),
    ("earlier_terms", "ix_earlier_terms_answer", ["answer_id"]),
    ("answer_cases", "ix_answer_cases_case", ["case_id"]),
    ("bulk_acts", "ix_bulk_acts_staff", ["staff_id", "id"]),
    ("mails", "ix_mails_due", ["state", "due_at"]),
    ("mails", "ix_mails_staff", ["staff_id", "kind", "case_id"]),
)


def upgrade() -> None:
    """Make the new tables, grow the old ones in place (no copy: their triggers stay)."""
    for table, column in GROWN:
        op.add_column(table, column._copy())
    _make_tables_of_staff()
    _make_tables_of_answers()
    for table, name, columns in INDEXES:
        op.create_index(name, table, columns)
    for name, (_before, after) in WIDENED.items():
        op.drop_index(name, table_name="cases")
        op.create_index(name, "cases", list(after))
    op.drop_index("ix_cases_unsure", table_name="cases")
    for column in POINTERS:
        some = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_cases_{column}", "cases", [column], sqlite_where=some, postgresql_where=some
        )


def downgrade() -> None:
    """Take it all away; answers already sent and notes stay."""
    for column in POINTERS:
        op.drop_index(f"ix_cases_{column}", table_name="cases")
    op.create_index("ix_cases_unsure", "cases", UNSURE)
    for name, (before, _after) in WIDENED.items():
        op.drop_index(name, table_name="cases")
        op.create_index(name, "cases", list(before))
    for table, name, _columns in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    for table in (
        "mails",
        "bulk_acts",
        "answer_cases",
        "earlier_terms",
        "templates",
        "mentions",
        "presences",
        "saved_views",
    ):
        op.drop_table(table)
    for table, column in reversed(GROWN):
        op.drop_column(table, column.name)


def _make_tables_of_staff() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.String(500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("staff_id", "name", name="a_view_has_its_own_name_per_person"),
        *_keys("saved_views", staff_id="staff"),
    )
    op.create_table(
        "presences",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("writing_at", UtcDateTime(), nullable=True),
        *_keys("presences", "staff_id", "case_id", staff_id="staff", case_id="cases"),
    )
    op.create_table(
        "mentions",
        sa.Column("note_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        *_keys(
            "mentions", "note_id", "staff_id", note_id="notes", staff_id="staff", case_id="cases"
        ),
    )
    op.create_table(
        "bulk_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        *_keys("bulk_acts", staff_id="staff"),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(200), nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'failed')", name="a_mail_has_a_known_state"
        ),
        sa.CheckConstraint(
            "kind in ('routed', 'mentioned', 'approval', 'digest')", name="a_mail_has_a_known_kind"
        ),
        *_keys("mails", staff_id="staff", case_id="cases"),
    )


def _make_tables_of_answers() -> None:
    op.create_table(
        "templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        *_keys("templates", department_id="departments", changed_by_id="staff"),
    )
    op.create_table(
        "earlier_terms",
        sa.Column("term", sa.String(40), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=False),
        *_keys("earlier_terms", "term", "answer_id", answer_id="answers"),
    )
    op.create_table(
        "answer_cases",
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("case_version", sa.Integer(), nullable=False),
        *_keys("answer_cases", "answer_id", "case_id", answer_id="answers", case_id="cases"),
    )


def _keys(table: str, *primary: str, **foreign: str) -> list[sa.Constraint]:
    """The primary key (`id` where nothing is named) and the foreign ones, with their names."""
    pointers = [
        sa.ForeignKeyConstraint(
            [column], [f"{other}.id"], name=f"{table}_{column}_is_one_of_{other}"
        )
        for column, other in foreign.items()
    ]
    return [*pointers, sa.PrimaryKeyConstraint(*(primary or ("id",)), name=f"{table}_have_an_id")]
