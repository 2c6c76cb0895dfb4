"""Search: an index over messages, notes and people, kept in step by the database itself.

A row's `rowid` is made of its time and its id (see app/inbox/search.py), so that the newest come
first without sorting. SQLite keeps the index alone (FTS5 without content), PostgreSQL the words
as a tsvector.
"""

# ruff: noqa: S608 - every name in these statements is our own
from alembic import op

revision = "0004"
down_revision = "0003"

SIGNS = " \t\n!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
"""What the index takes for the room between words, on PostgreSQL told to it sign by sign: its own
reading keeps addresses, file names and numbers with a sign as one word."""
LINKED = "/:.?=&-_#%+~@,"
"""Signs that are left out of an address, so that it is one word."""
TYPED = "”“„’‘–—…«»¿¡•"
CAPITALS, SMALL = "ÅÄÖÉÈÊÜØÆÇÑÁÍÓÚÀËÏĆČŠŽŁ", "åäöéèêüøæçñáíóúàëïćčšžł"
"""Lower case also where the database's locale knows ASCII only."""
LONGEST = 100_000
"""Signs of a text that PostgreSQL takes in: a tsvector must stay under a megabyte."""

PARTS = {
    "messages": ("published_at", 0, ("text", "author_name", "url", "published_at")),
    "notes": ("at", 1, ("text", "at")),
    "people": ("", 0, ("name", "handle")),
}
"""By table: what time its rows are ordered by, the last bit of their rowid, what they are made of."""


def upgrade() -> None:
    """Make the three indexes and their triggers, then take in the rows there are."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, (_at, _bit, columns) in PARTS.items():
        rowid = _sqlite_rowid if on_sqlite else _postgresql_rowid
        words = _sqlite_words if on_sqlite else _postgresql_words
        statements = _sqlite(name, columns) if on_sqlite else _postgresql(name, columns)
        given = f"SELECT {rowid(name, name)}, {words(name, name)} FROM {name} ORDER BY 1"
        # in order: FTS5 writes everything to disk at each row that is older than the one before
        fill = f"INSERT INTO search_{name}(rowid, words) {given}"
        for statement in (*statements[:1], fill, *statements[1:]):
            plain = statement if on_sqlite else statement.replace("%", "%%")
            op.get_bind().exec_driver_sql(plain)


def downgrade() -> None:
    """Take indexes and triggers away; what they were made from stays."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name in PARTS:
        for when in ("insert", "update", "delete"):
            where = "" if on_sqlite else f" ON {name}"
            op.execute(f"DROP TRIGGER search_{name}_{when}{where}")
        op.execute(f"DROP TABLE search_{name}")
        if not on_sqlite:
            op.execute(f"DROP FUNCTION search_{name}_follow()")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# --- SQLite -------------------------------------------------------------------------------------


def _sqlite(name: str, columns: tuple[str, ...]) -> list[str]:
    new = f"{_sqlite_rowid(name, 'NEW')}, {_sqlite_words(name, 'NEW')}"
    old = f"{_sqlite_rowid(name, 'OLD')}, {_sqlite_words(name, 'OLD')}"
    table = f"search_{name}"
    add = f"INSERT INTO {table}(rowid, words) VALUES ({new});"
    drop = f"INSERT INTO {table}({table}, rowid, words) VALUES ('delete', {old});"
    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)
    return [
        f"CREATE VIRTUAL TABLE {table} USING fts5"
        "(words, content='', tokenize='unicode61 remove_diacritics 0', prefix='3')",
        f"CREATE TRIGGER {table}_insert AFTER INSERT ON {name} BEGIN {add} END",
        f"CREATE TRIGGER {table}_update AFTER UPDATE OF {', '.join(columns)} ON {name}"
        f" WHEN {differs} BEGIN {drop} {add} END",
        f"CREATE TRIGGER {table}_delete AFTER DELETE ON {name} BEGIN {drop} END",
    ]


def _sqlite_rowid(name: str, row: str) -> str:
    at, bit, _columns = PARTS[name]
    if not at:
        return f"{row}.id"
    seconds = f"coalesce(CAST(strftime('%s', {row}.{at}) AS INTEGER), 0)"
    return f"min(max({seconds}, -4000000000), 4200000000) * 2147483648 + {row}.id * 2 + {bit}"


def _sqlite_words(name: str, row: str) -> str:
    if name == "people":
        return f"{row}.name || ' ' || {row}.handle"
    if name == "notes":
        return f"{row}.text"
    link = f"{row}.url"
    for start in ("https://", "http://", "www.", *LINKED):
        link = f"replace({link}, {_quoted(start)}, '')"
    link = f"CASE {row}.url WHEN '' THEN '' ELSE ' x0link' || {link} END"
    return f"{row}.text || ' ' || {row}.author_name || {link}"


# --- PostgreSQL ---------------------------------------------------------------------------------


def _postgresql(name: str, columns: tuple[str, ...]) -> list[str]:
    table = f"search_{name}"
    add = (
        f"INSERT INTO {table}(rowid, words)"
        f" VALUES ({_postgresql_rowid(name, 'NEW')}, {_postgresql_words(name, 'NEW')});"
    )
    drop = f"DELETE FROM {table} WHERE rowid = {_postgresql_rowid(name, 'OLD')};"
    differs = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
    run = f"FOR EACH ROW EXECUTE FUNCTION {table}_follow()"
    return [
        f"CREATE TABLE {table} (rowid bigint PRIMARY KEY, words tsvector NOT NULL)",
        f"CREATE INDEX ix_{table} ON {table} USING gin (words)",
        f"CREATE FUNCTION {table}_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP <> 'INSERT' THEN {drop} END IF; IF TG_OP <> 'DELETE' THEN {add} END IF;"
        " RETURN NULL; END $$",
        f"CREATE TRIGGER {table}_insert AFTER INSERT ON {name} {run}",
        f"CREATE TRIGGER {table}_update AFTER UPDATE OF {', '.join(columns)} ON {name}"
        f" FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION {table}_follow()",
        f"CREATE TRIGGER {table}_delete AFTER DELETE ON {name} {run}",
    ]


def _postgresql_rowid(name: str, row: str) -> str:
    at, bit, _columns = PARTS[name]
    if not at:
        return f"{row}.id::bigint"
    seconds = f"floor(extract(epoch FROM {row}.{at}))::bigint"
    return (
        f"least(greatest({seconds}, -4000000000), 4200000000) * 2147483648 + {row}.id * 2 + {bit}"
    )


def _postgresql_words(name: str, row: str) -> str:
    given = {"people": f"{row}.name || ' ' || {row}.handle", "notes": f"{row}.text"}
    link = f"regexp_replace({row}.url, 'https://|http://|www[.]', '', 'g')"
    link = f"translate({link}, {_quoted(LINKED)}, '')"
    link = f"CASE {row}.url WHEN '' THEN '' ELSE ' x0link' || {link} END"
    said = given.get(name, f"{row}.author_name || {link} || ' ' || {row}.text")
    apart = SIGNS + TYPED
    plain = (
        f"translate(lower(left({said}, {LONGEST})), {_quoted(CAPITALS + apart)},"
        f" {_quoted(SMALL + ' ' * len(apart))})"
    )
    return f"to_tsvector('simple', {plain})"
