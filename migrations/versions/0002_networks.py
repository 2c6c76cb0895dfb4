"""The networks: what a message carries, private answers, what calls cost, incidents."""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0002"
down_revision = "0001"

MESSAGES = (
    sa.Column("attachments", sa.JSON(), server_default="[]", nullable=False),
    sa.Column("no_answer", sa.String(30), server_default="", nullable=False),
    sa.Column("answer_elsewhere", sa.Text(), server_default="", nullable=False),
    sa.Column("can_hide", sa.Boolean(), nullable=True),
    sa.Column("private_reply_until", UtcDateTime(), nullable=True),
    sa.Column("private", sa.Boolean(), server_default=sa.false(), nullable=False),
)
REWRITTEN = """NEW.body <> OLD.body OR NEW.signature <> OLD.signature
      OR NEW.in_reply_to_id <> OLD.in_reply_to_id OR NEW.case_id <> OLD.case_id
      OR NEW.key <> OLD.key"""


def upgrade() -> None:
    """Add the columns in place (a copied SQLite table would lose its triggers) and two tables."""
    for column in MESSAGES:
        op.add_column("messages", column._copy())
    op.add_column("accounts", sa.Column("renewing_until", UtcDateTime()))
    op.add_column(
        "accounts", sa.Column("practice", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(sa.text("UPDATE accounts SET practice = true WHERE channel = 'practice'"))
    op.add_column(
        "answers", sa.Column("private", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index("ix_answers_left", "answers", ["left_at"])
    op.create_index("ix_answers_reason", "answers", ["author_id", "reason"])
    _keep_pressed_answers(f"{REWRITTEN} OR NEW.private <> OLD.private")
    op.create_table(
        "spending",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.CheckConstraint("count >= 0 AND amount >= 0", name="nothing_is_ever_unspent"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="spending_account_id_is_one_of_accounts"
        ),
        sa.PrimaryKeyConstraint("account_id", "day", "operation", name="spending_have_an_id"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("started_by_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("text <> ''", name="an_incident_says_what_has_happened"),
        sa.ForeignKeyConstraint(
            ["started_by_id"], ["staff.id"], name="incidents_started_by_id_is_one_of_staff"
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["staff.id"], name="incidents_ended_by_id_is_one_of_staff"
        ),
        sa.PrimaryKeyConstraint("id", name="incidents_have_an_id"),
    )
    op.create_index(
        "one_open_incident_per_channel",
        "incidents",
        ["channel"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """Take the columns and tables away; private answers stay as ordinary rows."""
    op.drop_index("one_open_incident_per_channel", table_name="incidents")
    op.drop_table("incidents")
    op.drop_table("spending")
    _keep_pressed_answers(REWRITTEN)
    op.drop_index("ix_answers_reason", table_name="answers")
    op.drop_index("ix_answers_left", table_name="answers")
    op.drop_column("answers", "private")
    op.drop_column("accounts", "practice")
    op.drop_column("accounts", "renewing_until")
    for column in MESSAGES:
        op.drop_column("messages", column.name)


def _keep_pressed_answers(rewritten: str) -> None:
    """Say anew what counts as rewriting an answer that a person has pressed send on."""
    name = "a_pressed_answer_is_not_rewritten"
    when = f"OLD.state <> 'draft' AND ({rewritten})"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(sa.text(f"DROP TRIGGER {name}"))
        op.execute(
            sa.text(
                f"CREATE TRIGGER {name} BEFORE UPDATE ON answers WHEN {when}"
                f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
            )
        )
        return
    op.execute(sa.text(f"DROP TRIGGER {name} ON answers"))
    op.execute(
        sa.text(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON answers FOR EACH ROW WHEN ({when})"
            " EXECUTE FUNCTION refuse()"
        )
    )
