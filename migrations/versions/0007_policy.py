"""The policy: the register of accounts, the rules, frozen copies, blocked people, supervision."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0007"
down_revision = "0006"

GROWN = (
    ("accounts", sa.Column("approved_until", UtcDateTime(), nullable=True)),
    ("accounts", sa.Column("decision", sa.String(60), server_default="", nullable=False)),
    ("accounts", sa.Column("watched", sa.String(200), server_default="", nullable=False)),
    ("accounts", sa.Column("contact", sa.String(120), server_default="", nullable=False)),
    ("accounts", sa.Column("review_hours", sa.Integer(), server_default="24", nullable=False)),
    ("accounts", sa.Column("reviewed_at", UtcDateTime(), nullable=True)),
    ("accounts", sa.Column("reviewed_by_id", sa.Integer(), nullable=True)),
    ("messages", sa.Column("sealed", sa.Boolean(), server_default=sa.false(), nullable=False)),
)
INDEXES = (
    ("approvals", "ix_approvals_account", ["account_id", "id"]),
    ("account_people", "ix_account_people_staff", ["staff_id"]),
    ("frozen_copies", "ix_frozen_copies_message", ["message_id", "id"]),
    ("frozen_copies", "ix_frozen_copies_case", ["case_id", "id"]),
    ("frozen_copies", "ix_frozen_copies_at", ["at"]),
    ("blocks", "ix_blocks_case", ["case_id"]),
)
PARTIAL = (
    ("messages", "ix_messages_sealed", ["source_id", "external_id"], "sealed", False),
    ("blocks", "one_block_per_person_at_a_time", ["person_id"], "lifted_at IS NULL", True),
)
KEPT_AS_THEY_ARE = ("approvals", "frozen_copies", "policy_versions")
WORDLESS = "state not in ('draft', 'discarded') AND trim(body) = ''"
"""An answer on its way, or arrived, in which nothing stands."""
STAY = (
    "id", "at", "act", "reason", "why", "by_id", "by_name", "message_id", "case_id", "account_id",
    "channel", "external_id", "url", "published_at", "author_name", "author_external_id",
    "post_external_id", "post_url", "sha256",
)  # fmt: skip
SEALING = "OLD.sealed = '' AND NEW.sealed <> '' AND " + " AND ".join(
    f"NEW.{column} = OLD.{column}" for column in STAY
)
"""The only change of a copy: its content is encrypted, and nothing else is touched."""
LATEST_END = timedelta(days=90)
"""Approvals from before this version hold at least so long: nothing stops on the upgrade."""


def upgrade() -> None:
    """Make the new tables, grow the old ones in place, give every account its approval's end."""
    for table, column in GROWN:
        op.add_column(table, column._copy())
    _make_tables_of_accounts()
    _make_tables_of_acts()
    for table, name, columns in INDEXES:
        op.create_index(name, table, columns)
    for table, name, columns, where, unique in PARTIAL:
        some = sa.text(where)
        op.create_index(
            name, table, columns, unique=unique, sqlite_where=some, postgresql_where=some
        )
    _carry_approvals()
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Take it all away again; what was sealed stays empty."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, table in _names_of_triggers(on_sqlite):
        op.execute(sa.text(f"DROP TRIGGER {name}" + ("" if on_sqlite else f" ON {table}")))
    for table, name, _columns, _where, _unique in PARTIAL:
        op.drop_index(name, table_name=table)
    for table, name, _columns in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    for table in ("policy_versions", "blocks", "frozen_copies", "account_people", "approvals"):
        op.drop_table(table)
    for table, column in reversed(GROWN):
        op.drop_column(table, column.name)


def _carry_approvals() -> None:
    """Who had approved an account before holds two years, and never less than LATEST_END."""
    accounts = sa.table(
        "accounts",
        sa.column("id", sa.Integer),
        sa.column("approved_by", sa.String),
        sa.column("approved_at", UtcDateTime()),
        sa.column("approved_until", UtcDateTime()),
        sa.column("created_at", UtcDateTime()),
    )
    approvals = sa.table(
        "approvals",
        sa.column("account_id", sa.Integer),
        sa.column("approved_by", sa.String),
        sa.column("approved_at", UtcDateTime()),
        sa.column("valid_until", UtcDateTime()),
        sa.column("decision", sa.String),
        sa.column("entered_at", UtcDateTime()),
    )
    bind, now = op.get_bind(), datetime.now(UTC)
    for row in bind.execute(sa.select(accounts).where(accounts.c.approved_by != "")).all():
        decided = row.approved_at or row.created_at
        ends = max(decided + timedelta(days=730), now + LATEST_END)
        of_row = sa.update(accounts).where(accounts.c.id == row.id)
        bind.execute(of_row.values(approved_until=ends))
        bind.execute(
            sa.insert(approvals).values(
                account_id=row.id,
                approved_by=row.approved_by,
                approved_at=decided,
                valid_until=ends,
                decision="",
                entered_at=now,
            )
        )


def _triggers(dialect: str) -> list[str]:
    """What keeps copies, approvals and versions as they are, and wordless answers at home."""
    made = []
    if dialect == "sqlite":
        for table in KEPT_AS_THEY_ARE:
            for word, act in (("changed", "UPDATE"), ("deleted", "DELETE")):
                name = f"{table}_are_never_{word}"
                unless = f" WHEN NOT ({SEALING})" if _is_sealed(table, act) else ""
                made.append(
                    f"CREATE TRIGGER {name} BEFORE {act} ON {table}{unless}"
                    f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
                )
            # "insert or replace" deletes without asking the triggers for deletes
            name = f"{table}_are_never_replaced"
            taken = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608 - our names
            made.append(
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {taken}"
                f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
            )
        wordless = WORDLESS.replace("state", "NEW.state").replace("body", "NEW.body")
        for word, act in (("put_in", "INSERT"), ("let_out", "UPDATE")):
            name = f"no_answer_without_words_is_{word}"
            made.append(
                f"CREATE TRIGGER {name} BEFORE {act} ON answers WHEN {wordless}"
                f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
            )
        name = "a_pressed_answer_is_no_draft_again"
        made.append(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON answers"
            " WHEN OLD.state <> 'draft' AND NEW.state = 'draft'"
            f" BEGIN SELECT RAISE(ABORT, '{name}'); END"
        )
        return made
    for table in KEPT_AS_THEY_ARE:
        for word, act in (("changed", "UPDATE"), ("deleted", "DELETE")):
            unless = f" WHEN (NOT ({SEALING}))" if _is_sealed(table, act) else ""
            made.append(
                f"CREATE TRIGGER {table}_are_never_{word} BEFORE {act} ON {table}"
                f" FOR EACH ROW{unless} EXECUTE FUNCTION refuse()"
            )
        made.append(
            f"CREATE TRIGGER {table}_are_never_truncated BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        )
    wordless = WORDLESS.replace("state", "NEW.state").replace("body", "NEW.body")
    for word, act in (("put_in", "INSERT"), ("let_out", "UPDATE")):
        made.append(
            f"CREATE TRIGGER no_answer_without_words_is_{word} BEFORE {act} ON answers"
            f" FOR EACH ROW WHEN ({wordless}) EXECUTE FUNCTION refuse()"
        )
    made.append(
        "CREATE TRIGGER a_pressed_answer_is_no_draft_again BEFORE UPDATE ON answers"
        " FOR EACH ROW WHEN (OLD.state <> 'draft' AND NEW.state = 'draft')"
        " EXECUTE FUNCTION refuse()"
    )
    return made


def _is_sealed(table: str, act: str) -> bool:
    return table == "frozen_copies" and act == "UPDATE"


def _names_of_triggers(on_sqlite: bool) -> list[tuple[str, str]]:
    words = ("changed", "deleted", "replaced" if on_sqlite else "truncated")
    kept = [(f"{table}_are_never_{word}", table) for table in KEPT_AS_THEY_ARE for word in words]
    return [
        *kept,
        ("no_answer_without_words_is_put_in", "answers"),
        ("no_answer_without_words_is_let_out", "answers"),
        ("a_pressed_answer_is_no_draft_again", "answers"),
    ]


def _make_tables_of_accounts() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.String(200), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=False),
        sa.Column("decision", sa.String(60), nullable=False),
        sa.Column("entered_by_id", sa.Integer(), nullable=True),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("approved_by <> ''", name="an_approval_has_somebody_behind_it"),
        sa.CheckConstraint("valid_until > approved_at", name="an_approval_ends_after_it_began"),
        *_keys("approvals", account_id="accounts", entered_by_id="staff"),
    )
    op.create_table(
        "account_people",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(12), nullable=False),
        sa.CheckConstraint(
            "part in ('responsible', 'stand_in')", name="a_person_has_a_known_part_in_an_account"
        ),
        *_keys("account_people", "account_id", "staff_id", account_id="accounts", staff_id="staff"),
    )
    op.create_table(
        "policy_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        *_keys("policy_versions", by_id="staff"),
    )


def _make_tables_of_acts() -> None:
    texts = ("why", "url", "post_url", "post_text", "text", "payload", "sealed")
    op.create_table(
        "frozen_copies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.String(120), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("external_id", sa.String(300), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("author_name", sa.String(300), nullable=False),
        sa.Column("author_external_id", sa.String(300), nullable=False),
        sa.Column("post_external_id", sa.String(300), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("pictures", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.CheckConstraint("reason <> ''", name="a_copy_says_why_it_was_made"),
        sa.CheckConstraint("length(sha256) = 64", name="a_copy_has_its_sum"),
        sa.CheckConstraint(
            "sealed = '' OR (text = '' AND payload = '')", name="what_is_sealed_is_not_in_clear"
        ),
        *_keys("frozen_copies"),
    )
    op.create_table(
        "blocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(30), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("review_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("blocked_by_id", sa.Integer(), nullable=False),
        sa.Column("done_at_source", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("reason <> '' AND why <> ''", name="a_block_says_why"),
        sa.CheckConstraint("review_at <= ends_at", name="a_block_is_looked_at_before_it_ends"),
        sa.CheckConstraint("ends_at > began_at", name="a_block_ends_after_it_began"),
        *_keys(
            "blocks",
            person_id="people",
            account_id="accounts",
            case_id="cases",
            blocked_by_id="staff",
            lifted_by_id="staff",
        ),
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
