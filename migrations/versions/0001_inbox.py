"""The inbox: people, accounts, posts, messages, cases, answers, and the ledger that only grows."""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0001"
down_revision = None

# What the database itself refuses. The names are what a person reads in the error. (SQLite's REPLACE
# deletes without asking the triggers for deletes, so there what is replaced is refused as well.)
SQLITE = (
    """CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events_are_never_changed'); END""",
    """CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events_are_never_deleted'); END""",
    """CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'events_are_never_replaced'); END""",
    """CREATE TRIGGER a_pressed_answer_is_not_replaced BEFORE INSERT ON answers
    WHEN EXISTS (SELECT 1 FROM answers WHERE id = NEW.id AND state <> 'draft')
      OR EXISTS (SELECT 1 FROM answers WHERE key = NEW.key AND state <> 'draft')
    BEGIN SELECT RAISE(ABORT, 'a_pressed_answer_is_not_replaced'); END""",
    """CREATE TRIGGER a_pressed_answer_is_not_rewritten BEFORE UPDATE ON answers
    WHEN OLD.state <> 'draft' AND (NEW.body <> OLD.body OR NEW.signature <> OLD.signature
      OR NEW.in_reply_to_id <> OLD.in_reply_to_id OR NEW.case_id <> OLD.case_id
      OR NEW.key <> OLD.key)
    BEGIN SELECT RAISE(ABORT, 'a_pressed_answer_is_not_rewritten'); END""",
    """CREATE TRIGGER a_pressed_answer_is_not_deleted BEFORE DELETE ON answers
    WHEN OLD.state <> 'draft'
    BEGIN SELECT RAISE(ABORT, 'a_pressed_answer_is_not_deleted'); END""",
)
POSTGRESQL = (
    """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '%', TG_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse()""",
    """CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse()""",
    """CREATE TRIGGER events_are_never_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse()""",
    """CREATE TRIGGER a_pressed_answer_is_not_rewritten BEFORE UPDATE ON answers
    FOR EACH ROW WHEN (OLD.state <> 'draft' AND (NEW.body <> OLD.body
      OR NEW.signature <> OLD.signature OR NEW.in_reply_to_id <> OLD.in_reply_to_id
      OR NEW.case_id <> OLD.case_id OR NEW.key <> OLD.key))
    EXECUTE FUNCTION refuse()""",
    """CREATE TRIGGER a_pressed_answer_is_not_deleted BEFORE DELETE ON answers
    FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION refuse()""",
)


def upgrade() -> None:
    """Make the tables, and the triggers that keep the ledger and pressed answers as they are."""
    op.create_table(
        "closed_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("closed_days_have_an_id")),
    )
    op.create_table(
        "departments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name_sv", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("short_sv", sa.String(length=60), nullable=False),
        sa.Column("short_en", sa.String(length=60), nullable=False),
        sa.Column("answers_for_sv", sa.Text(), nullable=False),
        sa.Column("answers_for_en", sa.Text(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("company", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("opening_hours", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("departments_have_an_id")),
        sa.UniqueConstraint("slug", name="a_department_has_its_own_slug"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.CheckConstraint("name <> ''", name="an_event_has_a_name"),
        sa.PrimaryKeyConstraint("id", name=op.f("events_have_an_id")),
    )
    op.create_index("ix_events_case", "events", ["case_id", "id"], unique=False)
    op.create_index("ix_events_name", "events", ["name", "at"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=300), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("handle", sa.String(length=300), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("people_have_an_id")),
        sa.UniqueConstraint("channel", "external_id", name="an_identity_is_kept_once_per_channel"),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login_hash", sa.String(length=64), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_attempts_have_an_id")),
    )
    op.create_index(
        "ix_sign_in_attempts_address", "sign_in_attempts", ["address_hash", "at"], unique=False
    )
    op.create_index(
        "ix_sign_in_attempts_login", "sign_in_attempts", ["login_hash", "at"], unique=False
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("undo_seconds", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "role <> 'handler' OR department_id IS NOT NULL",
            name="a_handler_belongs_to_a_department",
        ),
        sa.CheckConstraint(
            "role in ('customer_service', 'handler', 'manager', 'communications', 'administrator')",
            name="a_person_has_a_known_role",
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("staff_department_id_is_one_of_departments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("staff_have_an_id")),
        sa.UniqueConstraint("login", name="a_login_belongs_to_one_person"),
    )
    op.create_index(op.f("ix_staff_department_id"), "staff", ["department_id"], unique=False)
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=300), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("owner_department_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.String(length=200), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("allowed_private_hosts", sa.JSON(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "channel = 'practice' OR approved_by <> ''",
            name="a_head_of_administration_approved_the_account",
        ),
        sa.CheckConstraint("state in ('active', 'paused')", name="an_account_has_a_known_state"),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff.id"], name=op.f("accounts_created_by_id_is_one_of_staff")
        ),
        sa.ForeignKeyConstraint(
            ["owner_department_id"],
            ["departments.id"],
            name=op.f("accounts_owner_department_id_is_one_of_departments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("accounts_have_an_id")),
        sa.UniqueConstraint("channel", "external_id", name="an_account_is_connected_once"),
    )
    op.create_index(
        op.f("ix_accounts_owner_department_id"), "accounts", ["owner_department_id"], unique=False
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("staff_sessions_staff_id_is_one_of_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("staff_sessions_have_an_id")),
        sa.UniqueConstraint("token_hash", name="a_session_has_its_own_token"),
    )
    op.create_index(
        op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"], unique=False
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=300), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("by_city", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("posts_account_id_is_one_of_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("posts_have_an_id")),
        sa.UniqueConstraint("account_id", "external_id", name="a_post_is_kept_once"),
    )
    op.create_index("ix_posts_newest", "posts", ["account_id", "published_at"], unique=False)
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("next_look_at", UtcDateTime(), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("first_read_at", UtcDateTime(), nullable=True),
        sa.Column("history_before", UtcDateTime(), nullable=True),
        sa.Column("last_look_at", UtcDateTime(), nullable=True),
        sa.Column("last_read_at", UtcDateTime(), nullable=True),
        sa.Column("last_news_at", UtcDateTime(), nullable=True),
        sa.Column("quiet_looks", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error_class", sa.String(length=30), nullable=False),
        sa.Column("error_text", sa.Text(), nullable=False),
        sa.Column("notice", sa.String(length=40), nullable=False),
        sa.Column("notice_text", sa.Text(), nullable=False),
        sa.Column("budget", sa.JSON(), nullable=False),
        sa.CheckConstraint("state in ('on', 'off', 'gone')", name="a_source_has_a_known_state"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("sources_account_id_is_one_of_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sources_have_an_id")),
        sa.UniqueConstraint("account_id", "kind", "name", name="a_source_is_polled_once"),
    )
    op.create_index(op.f("ix_sources_account_id"), "sources", ["account_id"], unique=False)
    op.create_index("ix_sources_due", "sources", ["state", "next_look_at"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("person_name", sa.String(length=300), nullable=False),
        sa.Column("snippet", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("outcome_reason", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("routed_by", sa.String(length=10), nullable=False),
        sa.Column("no_answer_needed", sa.Boolean(), nullable=False),
        sa.Column("refer_to", sa.String(length=60), nullable=False),
        sa.Column("certainty", sa.Double(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("route_wanted", sa.Boolean(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("waiting_since", UtcDateTime(), nullable=True),
        sa.Column("last_word_at", UtcDateTime(), nullable=False),
        sa.Column("sort_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(outcome IS NULL) = (state <> 'closed')", name="a_closed_case_has_an_outcome"
        ),
        sa.CheckConstraint(
            "is_open = (state <> 'closed')", name="a_case_is_open_until_it_is_closed"
        ),
        sa.CheckConstraint(
            "routed_by in ('nobody', 'model', 'person')", name="a_case_says_who_routed_it"
        ),
        sa.CheckConstraint(
            "state in ('new', 'ongoing', 'waiting', 'answered', 'reopened', 'closed')",
            name="a_case_has_a_known_state",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("cases_account_id_is_one_of_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["staff.id"], name=op.f("cases_assignee_id_is_one_of_staff")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("cases_department_id_is_one_of_departments"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("cases_person_id_is_one_of_people")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("cases_post_id_is_one_of_posts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("cases_have_an_id")),
        sa.UniqueConstraint("post_id", "person_id", name="one_case_per_resident_and_post"),
    )
    op.create_index(
        "ix_cases_assignee", "cases", ["assignee_id", "is_open", "sort_at", "id"], unique=False
    )
    op.create_index(
        "ix_cases_channel", "cases", ["channel", "is_open", "sort_at", "id"], unique=False
    )
    op.create_index(
        "ix_cases_department", "cases", ["department_id", "is_open", "sort_at", "id"], unique=False
    )
    op.create_index("ix_cases_late", "cases", ["is_open", "waiting_since"], unique=False)
    op.create_index("ix_cases_open", "cases", ["is_open", "sort_at", "id"], unique=False)
    op.create_index("ix_cases_person", "cases", ["person_id"], unique=False)
    op.create_index("ix_cases_route_wanted", "cases", ["route_wanted", "id"], unique=False)
    op.create_index("ix_cases_state", "cases", ["state", "sort_at", "id"], unique=False)
    op.create_index(
        "ix_cases_unsure",
        "cases",
        ["is_open", "department_id", "no_answer_needed", "sort_at", "id"],
        unique=False,
    )
    op.create_table(
        "raw_payloads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=300), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("parser_version", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state in ('waiting', 'parsed', 'not_understood', 'overtaken')",
            name="a_payload_has_a_known_state",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("raw_payloads_source_id_is_one_of_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("raw_payloads_have_an_id")),
        sa.UniqueConstraint(
            "source_id", "external_id", "payload_hash", name="a_payload_is_kept_once"
        ),
    )
    op.create_index("ix_raw_payloads_state", "raw_payloads", ["state", "source_id"], unique=False)
    op.create_table(
        "case_seen",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("case_seen_case_id_is_one_of_cases")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("case_seen_staff_id_is_one_of_staff")
        ),
        sa.PrimaryKeyConstraint("staff_id", "case_id", name=op.f("case_seen_have_an_id")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=300), nullable=False),
        sa.Column("other_id", sa.String(length=300), nullable=True),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("parent_external_id", sa.String(length=300), nullable=True),
        sa.Column("author_name", sa.String(length=300), nullable=False),
        sa.Column("by_city", sa.Boolean(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("at_source", sa.String(length=10), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("covered_by", sa.Integer(), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("edited_at", UtcDateTime(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("time_uncertain", sa.Boolean(), nullable=False),
        sa.Column("history", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "at_source in ('visible', 'held', 'hidden', 'spam', 'removed')",
            name="a_message_stands_in_a_known_way_at_its_source",
        ),
        sa.CheckConstraint(
            "by_city OR case_id IS NOT NULL", name="a_residents_word_belongs_to_a_case"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("messages_case_id_is_one_of_cases")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["messages.id"], name=op.f("messages_parent_id_is_one_of_messages")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("messages_person_id_is_one_of_people")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("messages_post_id_is_one_of_posts")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("messages_source_id_is_one_of_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("messages_have_an_id")),
        sa.UniqueConstraint(
            "source_id", "external_id", name="one_message_per_source_and_external_id"
        ),
    )
    op.create_index("ix_messages_case", "messages", ["case_id", "published_at"], unique=False)
    op.create_index("ix_messages_checked", "messages", ["source_id", "checked_at"], unique=False)
    op.create_index("ix_messages_fetched", "messages", ["source_id", "fetched_at"], unique=False)
    op.create_index("ix_messages_other_id", "messages", ["source_id", "other_id"], unique=False)
    op.create_index(op.f("ix_messages_parent_id"), "messages", ["parent_id"], unique=False)
    op.create_index(
        "ix_messages_parent_wanted", "messages", ["source_id", "parent_external_id"], unique=False
    )
    op.create_index(op.f("ix_messages_person_id"), "messages", ["person_id"], unique=False)
    op.create_index("ix_messages_post", "messages", ["post_id", "published_at"], unique=False)
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["staff.id"], name=op.f("notes_author_id_is_one_of_staff")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("notes_case_id_is_one_of_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("notes_have_an_id")),
    )
    op.create_index("ix_notes_case", "notes", ["case_id", "at"], unique=False)
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("certainty", sa.Double(), nullable=False),
        sa.Column("next", sa.JSON(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("refer", sa.String(length=60), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("model_version", sa.String(length=60), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "certainty >= 0 AND certainty <= 1", name="a_certainty_lies_between_0_and_1"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("suggestions_case_id_is_one_of_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("suggestions_have_an_id")),
    )
    op.create_index("ix_suggestions_case", "suggestions", ["case_id", "id"], unique=False)
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("in_reply_to_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("case_version", sa.Integer(), nullable=False),
        sa.Column("close_as", sa.String(length=20), nullable=True),
        sa.Column("sent_by_id", sa.Integer(), nullable=True),
        sa.Column("pressed_at", UtcDateTime(), nullable=True),
        sa.Column("send_after", UtcDateTime(), nullable=True),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("looked_at", UtcDateTime(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=300), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state <> 'sent' OR external_id IS NOT NULL", name="a_sent_answer_has_a_receipt"
        ),
        sa.CheckConstraint(
            "state in ('draft', 'discarded') OR (sent_by_id IS NOT NULL AND pressed_at IS NOT NULL)",
            name="a_person_pressed_send",
        ),
        sa.CheckConstraint(
            "state in ('draft', 'queued', 'sending', 'sent', 'uncertain', 'refused', 'discarded')",
            name="an_answer_has_a_known_state",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["staff.id"], name=op.f("answers_author_id_is_one_of_staff")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("answers_case_id_is_one_of_cases")
        ),
        sa.ForeignKeyConstraint(
            ["in_reply_to_id"],
            ["messages.id"],
            name=op.f("answers_in_reply_to_id_is_one_of_messages"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("answers_message_id_is_one_of_messages")
        ),
        sa.ForeignKeyConstraint(
            ["sent_by_id"], ["staff.id"], name=op.f("answers_sent_by_id_is_one_of_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("answers_have_an_id")),
        sa.UniqueConstraint("key", name="an_answer_has_its_own_key"),
    )
    op.create_index("ix_answers_author", "answers", ["author_id", "state"], unique=False)
    op.create_index("ix_answers_case", "answers", ["case_id", "id"], unique=False)
    op.create_index("ix_answers_due", "answers", ["state", "send_after"], unique=False)
    op.create_index(op.f("ix_answers_in_reply_to_id"), "answers", ["in_reply_to_id"], unique=False)
    op.create_index(op.f("ix_answers_message_id"), "answers", ["message_id"], unique=False)
    op.create_index(
        "one_draft_per_person_and_case",
        "answers",
        ["case_id", "author_id"],
        unique=True,
        sqlite_where=sa.text("state = 'draft'"),
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("suggestion_id", sa.Integer(), nullable=True),
        sa.Column("from_department", sa.String(length=40), nullable=False),
        sa.Column("to_department", sa.String(length=40), nullable=False),
        sa.Column("handed_back", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["staff.id"], name=op.f("corrections_by_id_is_one_of_staff")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("corrections_case_id_is_one_of_cases")
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"],
            ["suggestions.id"],
            name=op.f("corrections_suggestion_id_is_one_of_suggestions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("corrections_have_an_id")),
    )
    op.create_index(op.f("ix_corrections_case_id"), "corrections", ["case_id"], unique=False)
    op.create_table(
        "message_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seen_until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("message_versions_message_id_is_one_of_messages"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("message_versions_have_an_id")),
    )
    op.create_index(
        "ix_message_versions_message",
        "message_versions",
        ["message_id", "seen_until"],
        unique=False,
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Drop everything."""
    if op.get_bind().dialect.name != "sqlite":
        for name in ("never_changed", "never_deleted", "never_truncated"):
            op.execute(sa.text(f"DROP TRIGGER events_are_{name} ON events"))
        for name in ("rewritten", "deleted"):
            op.execute(sa.text(f"DROP TRIGGER a_pressed_answer_is_not_{name} ON answers"))
        op.execute(sa.text("DROP FUNCTION refuse()"))
    op.drop_index("ix_message_versions_message", table_name="message_versions")
    op.drop_table("message_versions")
    op.drop_index(op.f("ix_corrections_case_id"), table_name="corrections")
    op.drop_table("corrections")
    op.drop_index(
        "one_draft_per_person_and_case",
        table_name="answers",
        sqlite_where=sa.text("state = 'draft'"),
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.drop_index(op.f("ix_answers_message_id"), table_name="answers")
    op.drop_index(op.f("ix_answers_in_reply_to_id"), table_name="answers")
    op.drop_index("ix_answers_due", table_name="answers")
    op.drop_index("ix_answers_case", table_name="answers")
    op.drop_index("ix_answers_author", table_name="answers")
    op.drop_table("answers")
    op.drop_index("ix_suggestions_case", table_name="suggestions")
    op.drop_table("suggestions")
    op.drop_index("ix_notes_case", table_name="notes")
    op.drop_table("notes")
    op.drop_index("ix_messages_post", table_name="messages")
    op.drop_index(op.f("ix_messages_person_id"), table_name="messages")
    op.drop_index("ix_messages_parent_wanted", table_name="messages")
    op.drop_index(op.f("ix_messages_parent_id"), table_name="messages")
    op.drop_index("ix_messages_other_id", table_name="messages")
    op.drop_index("ix_messages_fetched", table_name="messages")
    op.drop_index("ix_messages_checked", table_name="messages")
    op.drop_index("ix_messages_case", table_name="messages")
    op.drop_table("messages")
    op.drop_table("case_seen")
    op.drop_index("ix_raw_payloads_state", table_name="raw_payloads")
    op.drop_table("raw_payloads")
    op.drop_index("ix_cases_unsure", table_name="cases")
    op.drop_index("ix_cases_state", table_name="cases")
    op.drop_index("ix_cases_route_wanted", table_name="cases")
    op.drop_index("ix_cases_person", table_name="cases")
    op.drop_index("ix_cases_open", table_name="cases")
    op.drop_index("ix_cases_late", table_name="cases")
    op.drop_index("ix_cases_department", table_name="cases")
    op.drop_index("ix_cases_channel", table_name="cases")
    op.drop_index("ix_cases_assignee", table_name="cases")
    op.drop_table("cases")
    op.drop_index("ix_sources_due", table_name="sources")
    op.drop_index(op.f("ix_sources_account_id"), table_name="sources")
    op.drop_table("sources")
    op.drop_index("ix_posts_newest", table_name="posts")
    op.drop_table("posts")
    op.drop_index(op.f("ix_staff_sessions_staff_id"), table_name="staff_sessions")
    op.drop_table("staff_sessions")
    op.drop_index(op.f("ix_accounts_owner_department_id"), table_name="accounts")
    op.drop_table("accounts")
    op.drop_index(op.f("ix_staff_department_id"), table_name="staff")
    op.drop_table("staff")
    op.drop_index("ix_sign_in_attempts_login", table_name="sign_in_attempts")
    op.drop_index("ix_sign_in_attempts_address", table_name="sign_in_attempts")
    op.drop_table("sign_in_attempts")
    op.drop_table("people")
    op.drop_index("ix_events_name", table_name="events")
    op.drop_index("ix_events_case", table_name="events")
    op.drop_table("events")
    op.drop_table("departments")
    op.drop_table("closed_days")
