"""Routing: rules beside the model, trainings, what a suggestion says more than a department."""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0003"
down_revision = "0002"

CASES = (
    sa.Column("also", sa.String(40), server_default="", nullable=False),
    sa.Column("urgent_why", sa.String(200), server_default="", nullable=False),
    sa.Column("urgent_by_rule", sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column("language", sa.String(8), server_default="", nullable=False),
)
SUGGESTIONS = (
    sa.Column("also", sa.String(40), server_default="", nullable=False),
    sa.Column("urgent_words", sa.JSON(), server_default="[]", nullable=False),
    sa.Column("language", sa.String(8), server_default="", nullable=False),
)
POINTS_AT_RULES = ("rule_id", "urgent_rule_id")
CORRECTIONS = (
    sa.Column("post", sa.Text(), server_default="", nullable=False),
    sa.Column("channel", sa.String(20), server_default="", nullable=False),
)


def upgrade() -> None:
    """Add the two tables, then the columns in place."""
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("department", sa.String(40), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("words <> '' OR account_id IS NOT NULL", name="a_rule_says_when"),
        sa.CheckConstraint("department <> '' OR urgent", name="a_rule_says_what"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="rules_account_id_is_one_of_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff.id"], name="rules_created_by_id_is_one_of_staff"
        ),
        sa.PrimaryKeyConstraint("id", name="rules_have_an_id"),
    )
    op.create_table(
        "trainings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.String(60), nullable=False),
        sa.Column("replaced", sa.String(60), nullable=False),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.Column("corrections", sa.Integer(), nullable=False),
        sa.Column("newest_correction_id", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="trainings_have_an_id"),
    )
    for table, columns in _grown():
        for column in columns:
            op.add_column(table, column._copy())
    _point_at_rules()
    op.create_index("ix_suggestions_at", "suggestions", ["at"])
    op.create_index("ix_suggestions_rule", "suggestions", ["rule_id"])


def downgrade() -> None:
    """Take columns and tables away; what the model has said and people corrected stays."""
    op.drop_index("ix_suggestions_rule", table_name="suggestions")
    op.drop_index("ix_suggestions_at", table_name="suggestions")
    with op.batch_alter_table("suggestions") as suggestions:
        for name in POINTS_AT_RULES:
            suggestions.drop_constraint(f"suggestions_{name}_is_one_of_rules", type_="foreignkey")
            suggestions.drop_column(name)
    for table, columns in _grown():
        for column in columns:
            op.drop_column(table, column.name)
    op.drop_table("trainings")
    op.drop_table("rules")


def _grown() -> tuple[tuple[str, tuple[sa.Column, ...]], ...]:
    return (("cases", CASES), ("suggestions", SUGGESTIONS), ("corrections", CORRECTIONS))


def _point_at_rules() -> None:
    """Columns with a foreign key; SQLite copies the table for them, which has no triggers."""
    with op.batch_alter_table("suggestions") as suggestions:
        for name in POINTS_AT_RULES:
            suggestions.add_column(sa.Column(name, sa.Integer(), nullable=True))
            suggestions.create_foreign_key(
                f"suggestions_{name}_is_one_of_rules", "rules", [name], ["id"]
            )
