"""The command line: `flask accounts | collect | deliver | work | start | check | staff | ...`."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app import schedule
from app.answers.deliver import Deliverer, deliver_due
from app.answers.earlier import remember_all
from app.basics import clock
from app.basics.keys import BadSeal, add_key
from app.collecting import accounts as accounts_
from app.collecting.approval import NewApproval, approve
from app.collecting.collect import collect_due
from app.collecting.connect import options_from
from app.collecting.imports import BadRow, import_messages
from app.collecting.rotation import reseal_all
from app.database import db
from app.models import Account, Source
from app.people import staff as staff_
from app.people.approvals import end_of
from app.people.sign_in import SHORTEST_PASSWORD, WeakPassword
from app.reports import turns
from app.reports.practice_year import NotPractice, write_practice_year
from app.routing.kept_model import router_in_use
from app.web import terminal
from app.web.faults import faults, source_lines
from classifiers.corpus import BadCorpus
from classifiers.departments import BadDepartments
from classifiers.suggest import BadModel

P = ParamSpec("P")
R = TypeVar("R")


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose expected errors end as one sentence and exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except WeakPassword:
            raise click.ClickException(
                f"Lösenordet behöver minst {SHORTEST_PASSWORD} tecken."
            ) from None
        except BadSeal:
            raise click.ClickException(
                "De sparade inloggningarna går inte att öppna. Kontrollera CREDENTIALS_KEYS."
            ) from None
        except (
            accounts_.BadAccount,
            staff_.BadStaff,
            BadRow,
            BadModel,
            BadCorpus,
            BadDepartments,
        ) as error:
            raise click.ClickException(str(error)) from None
        except OperationalError as error:
            raise click.ClickException(_database_sentence(error)) from None

    return run


def _database_sentence(error: OperationalError) -> str:
    text = str(error.orig).lower()
    if "full" in text or "no space" in text:
        return "Disken är full. Frigör utrymme och försök igen; inget som redan sparats är borta."
    if "locked" in text:
        return "Databasen är upptagen av en annan process. Försök igen om en stund."
    if "readonly" in text or "unable to open" in text:
        return (
            "Databasen går inte att öppna eller skriva i. Kontrollera DATA_DIR och rättigheterna."
        )
    if "no such table" in text or "does not exist" in text:
        return "Databasen är inte färdig. Kör först: flask db upgrade"
    return "Databasen svarar inte. Kontrollera DATABASE_URL och att servern är igång."


def use_migrations(app: Flask) -> None:
    """Give the application `flask db`; only the command line carries what that needs."""
    from flask_migrate import Migrate

    from config import ROOT

    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)


def init_app(app: Flask) -> None:
    """Give the application its commands."""
    if click.get_current_context(silent=True) is not None:
        use_migrations(app)
    for group in (accounts, staff, departments, calls):
        app.cli.add_command(group)
    daily = (collect, deliver, work, start, town, check, tallies, practice_year)
    for command in (*daily, train, suggest, import_, earlier):
        app.cli.add_command(command)


# --- Accounts -------------------------------------------------------------------------------

accounts = AppGroup("accounts", help="Connect, list, pause and resume the city's accounts.")


@accounts.command("add")
@click.argument("channel", default="")
@click.option("--name", default="", help="What staff call the account.")
@click.option("--approved-by", default="", help="The head of administration who approved it.")
@click.option("--approved-at", default="", help="The day of the decision, as 2026-11-18.")
@click.option("--purpose", default="", help="What the account is for.")
@click.option("--department", default="", help="The owner department's slug.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A channel setting.")
@click.option(
    "--kind", "kinds", multiple=True, help="What to poll; the channel's usual if left out."
)
@click.option("--allow-host", "hosts", multiple=True, help="A private host that may be asked.")
@plain_errors
def add_account(**given: Any) -> None:
    """Connect an account and try each of its permissions.

    Without CHANNEL or --name every step is asked for; secrets are never shown. Exit code 1 when a
    permission is missing: the account is connected all the same.
    """
    account = terminal.connect(terminal.Told(**given), current_app.config)
    click.echo(f"Kontot {account.name} är anslutet med nummer {account.id}.")
    if not terminal.tell_trial(account, current_app.config):
        sys.exit(1)


@accounts.command("list")
@plain_errors
def list_accounts() -> None:
    """The accounts, how they fare and when they were last read."""
    for source in db.session.scalars(select(Source).order_by(Source.id)):
        read = clock.to_local(source.last_read_at) if source.last_read_at else None
        click.echo(
            f"{source.account.id:>3}  {source.account.channel:<10} {source.account.name:<30} "
            f"{source.account.state:<7} läst {read:%Y-%m-%d %H:%M}  {source.error_class}"
            if read
            else f"{source.account.id:>3}  {source.account.channel:<10} {source.account.name:<30} "
            f"{source.account.state:<7} inte läst än  {source.error_class}"
        )


@accounts.command("pause")
@click.argument("account_id", type=int)
@plain_errors
def pause_account(account_id: int) -> None:
    """Stop reading and answering on an account; nothing is lost."""
    click.echo(f"{accounts_.pause(account_id, by=None, now=clock.now()).name} är pausat.")


@accounts.command("resume")
@click.argument("account_id", type=int)
@plain_errors
def resume_account(account_id: int) -> None:
    """Read and answer on an account again."""
    click.echo(f"{accounts_.resume(account_id, by=None, now=clock.now()).name} är igång igen.")


@accounts.command("approve")
@click.argument("account_id", type=int)
@click.option("--by", "approved_by", required=True, help="The head of administration's name.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; else two years.")
@click.option("--decision", default="", help="The decision's number.")
@plain_errors
def approve_account(
    account_id: int, approved_by: str, until: datetime | None, decision: str
) -> None:
    """Write down who approved an account, and until when."""
    now = clock.now()
    ends = end_of(until.date()) if until else None
    account = approve(account_id, NewApproval(approved_by, now, ends, decision), by=None, now=now)
    click.echo(f"{account.name} är godkänt av {account.approved_by}.")


@accounts.command("reseal")
@click.option("--new-key", is_flag=True, help="First make a new key in DATA_DIR.")
@plain_errors
def reseal_accounts(new_key: bool) -> None:
    """Put all stored sign-ins under the newest key; an older one is then needed no longer.

    With --new-key restart the programs afterwards: they read the keys when they start.
    """
    keys: tuple[str, ...] = tuple(current_app.config["CREDENTIALS_KEYS"])
    if new_key:
        try:
            keys = add_key(current_app.config["DATA_DIR"]).credentials
        except FileNotFoundError:
            raise click.ClickException(
                "Nycklarna kommer från CREDENTIALS_KEYS. Lägg den nya först där i stället."
            ) from None
    try:
        count = reseal_all(keys)
    except BadSeal:
        raise click.ClickException(
            "En inloggning går inte att öppna med de nycklar som finns. Inget är ändrat."
        ) from None
    click.echo(f"{count} inloggningar ligger nu under den nyaste nyckeln.")


# --- Staff and departments -----------------------------------------------------------------------

staff = AppGroup("staff", help="Who can sign in.")


@staff.command("add")
@click.argument("login")
@click.option("--name", required=True, help="First name and surname; residents see the first name.")
@click.option("--role", required=True, help="customer_service, handler, manager, ...")
@click.option("--department", default="", help="The department's slug.")
@click.option("--password", default="", help="Asked for when left out.")
@plain_errors
def add_staff(login: str, name: str, role: str, department: str, password: str) -> None:
    """Give a named person access."""
    password = password or click.prompt("Lösenord", hide_input=True, confirmation_prompt=True)
    person = staff_.add_staff(
        login=login,
        name=name,
        role=role,
        department=department,
        password=password,
        now=clock.now(),
    )
    click.echo(f"{person.name} kan logga in som {person.login}.")


@staff.command("off")
@click.argument("login")
@plain_errors
def staff_off(login: str) -> None:
    """Take a person's access back."""
    click.echo(f"{staff_.switch_off(login, now=clock.now()).name} kan inte längre logga in.")


departments = AppGroup("departments", help="The departments of classifiers/departments.toml.")


@departments.command("sync")
@click.option("--file", "path", type=click.Path(path_type=Path), default=None)
@plain_errors
def sync_departments(path: Path | None) -> None:
    """Read the departments' file into the database."""
    try:
        count = staff_.sync_departments(path, now=clock.now())
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{count} avdelningar är öppna.")


# --- Collecting, delivering, running ----------------------------------------------------------


@click.command()
@click.option("--account", "account_id", type=int, default=None, help="Only this account.")
@click.option("--once", is_flag=True, help="Read every source once now and end.")
@plain_errors
def collect(account_id: int | None, once: bool) -> None:
    """Read the sources that are due (with --once: all of them) and route what they brought."""
    app = _app()
    count = collect_due(schedule.collector_of(app), account_id=account_id, all_now=once)
    click.echo(f"{count} källor lästa.")


@click.command()
@plain_errors
def deliver() -> None:
    """Deliver the answers that are due and look for the uncertain ones."""
    app = _app()
    count = deliver_due(Deliverer(options_from(app.config), clock.now))
    click.echo(f"{count} svar hanterade.")


@click.command()
@plain_errors
def work() -> None:
    """Collect and deliver at their pace until asked to end (the worker process)."""
    schedule.work(_app())


@click.command()
@plain_errors
def start() -> None:
    """Prepare the database, then run web and worker together; ends both."""
    from flask_migrate import upgrade

    from app import start as start_

    app = _app()
    upgrade()
    start_.prepare(app)
    sys.exit(start_.run(app, os.environ))


@click.command(hidden=True)
@plain_errors
def town() -> None:
    """Serve the practice town's networks on this machine (`flask start` does so by itself)."""
    from app import start as start_
    from app.channels.practice import serving
    from config import ROOT

    app = _app()
    listens = start_.open_town(app)
    if listens is None:
        raise click.ClickException("Det finns ingen övningsstad: ett riktigt konto är anslutet.")
    serving.become(listens, app.config["DATA_DIR"], app.config["PRACTICE_SPEED"], ROOT)


@click.command()
@plain_errors
def check() -> None:
    """Tell how every source fares and what is wrong; exit code 1 if anything is."""
    now = clock.now()
    for line in source_lines(now, options_from(current_app.config).installation):
        click.echo(line)
    found = faults(now, current_app.config["CREDENTIALS_KEYS"])
    for sentence in found:
        click.echo(sentence)
    if found:
        sys.exit(1)
    click.echo("Allt är i ordning.")


# --- The classifier -----------------------------------------------------------------------------


@click.command()
@click.option("--back", is_flag=True, help="Take the model before into use again.")
@click.option("--force", is_flag=True, help="Train even when there is nothing new to learn.")
@click.option("--quiet", is_flag=True, help="Say nothing; the ledger and the page tell.")
@plain_errors
def train(back: bool, force: bool, quiet: bool) -> None:
    """Train the routing model on corpus and corrections, and take it into use if it is as good.

    It is examined on the development set and on the newest corrections, which it has not seen. A
    model that is worse than the one in use is not taken (exit code 0: that is no fault).
    """
    from app.routing import learn

    config = current_app.config
    say: Callable[[str], None] = (lambda line: None) if quiet else click.echo
    if back:
        try:
            version = learn.go_back(config, now=clock.now())
        except learn.NoModelBefore:
            raise click.ClickException(
                "Det finns ingen tidigare modell att gå tillbaka till."
            ) from None
        return say(f"Den förra modellen ({version}) används igen.")
    if not (force or learn.is_due(config)):
        return say("Det finns inget nytt att lära. Träna ändå: flask train --force")
    training = learn.learn(config, now=clock.now)
    for line in terminal.training_lines(training):
        say(line)
    return None


@click.command()
@plain_errors
def suggest() -> None:
    """Read JSON lines {"id","text","channel"} and write what the model makes of each."""
    from classifiers.suggest import Text

    router = router_in_use(current_app.config)
    bad = 0
    for rows in _batches(line.decode("utf-8", "replace") for line in sys.stdin.buffer):
        good = [row for row in rows if "error" not in row]
        texts = [Text(str(r.get("text", "")), str(r.get("post", "")), str(r.get("channel", "")))
                 for r in good]  # fmt: skip
        advice = iter(router.suggest(texts))
        for row in rows:
            if "error" in row:
                bad += 1
                click.echo(_json_line(row), err=True)
                continue
            one = next(advice)
            line = {
                "id": row["id"],
                "department": one.department,
                "confidence": round(one.certainty, 4),
                "next": [slug for slug, _certainty in one.next],
                "refer": one.refer,
                "also": one.also,
                "kind": one.kind,
                "urgent": one.urgent,
                "urgent_words": list(one.urgent_words),
                "language": one.language,
                "words": list(one.words),
            }
            click.echo(_json_line(line))
    sys.exit(1 if bad else 0)


def _json_line(row: dict[str, Any]) -> str:
    """One line of JSON; what the terminal's encoding cannot say is written as JSON escapes."""
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(row)
    return line


def _batches(lines: Iterable[str], size: int = 500) -> Iterator[list[dict[str, Any]]]:
    """JSON lines in batches; a line that cannot be read becomes {"line", "error"}."""
    batch: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            if not isinstance(given, dict) or "id" not in given or "text" not in given:
                raise ValueError("raden behöver id och text")
            row = {name: given[name] for name in ("id", "text", "post", "channel") if name in given}
            row["id"] = row["id"] if isinstance(row["id"], str | int) else str(row["id"])
        except (ValueError, RecursionError) as error:
            row = {"line": number, "error": f"Rad {number} går inte att läsa: {error}"}
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


@click.command()
@plain_errors
def earlier() -> None:
    """Put sent answers that are not there yet in the index of how we have answered before."""
    click.echo(f"{remember_all()} svar gicks igenom.")


@click.command("tallies")
@click.option("--rebuild", is_flag=True, help="Make all of them anew from the ledger.")
@plain_errors
def tallies(rebuild: bool) -> None:
    """Bring the figures of response times up to the ledger."""
    count = turns.rebuild() if rebuild else turns.keep_up(now=clock.now())
    click.echo(f"{count} ärenden gicks igenom.")


@click.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option("--account", "account_id", type=int, required=True, help="Into this account.")
@plain_errors
def import_(file: Any, account_id: int) -> None:
    """Take in JSON lines of messages in bulk; bad rows are told by line and passed over."""
    account = db.session.get(Account, account_id)
    if account is None:
        raise click.ClickException(f"Det finns inget konto med nummer {account_id}.")
    result = import_messages(account, file, now=clock.now())
    for sentence in result.bad:
        click.echo(sentence, err=True)
    click.echo(f"{result.new} nya meddelanden, {result.known} fanns redan.")
    sys.exit(1 if result.bad else 0)


@click.command("practice-year")
@plain_errors
def practice_year() -> None:
    """Write a made-up year of cases into the practice town, for reports to show."""
    try:
        count = write_practice_year(current_app.config, now=clock.now())
    except NotPractice as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{count} ärenden är inlagda.")


calls = AppGroup("calls", help="The switchboard's own counts of calls.")


@calls.command("import")
@click.argument("file", type=click.File("rb"))
@plain_errors
def import_calls(file: Any) -> None:
    """Take in a CSV of calls by day, hour and queue; bad lines are told and passed over.

    What the file says of a day and a queue takes the place of what was known of them.
    """
    if not terminal.take_in_counts(file.read(), now=clock.now()):
        sys.exit(1)


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]
