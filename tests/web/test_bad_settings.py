"""A setting that cannot be used: one plain sentence, an exit code, nothing made or lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app, database_address
from config import ROOT, BadSetting, read_settings
from tests.conftest import environment


def flask(settings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A flask command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PORT", "hundra", "ett heltal mellan 1 och 65535"),
        ("PORT", "0", "ett heltal mellan 1 och 65535"),
        ("PORT", "", "ett heltal mellan 1 och 65535"),
        ("PROXIES", "många", "ett heltal mellan 0 och 5"),
        ("UNDO_SECONDS", "länge", "0, 20, 60 eller tills"),
        ("ROUTING_THRESHOLD", "halva", "ett tal mellan 0 och 1"),
        ("ROUTING_THRESHOLD", "nan", "ett tal mellan 0 och 1"),
        ("DATABASE_URL", "mysql://x", "PostgreSQL-adress"),
        ("PRACTICE_SPEED", "snabbt", "still eller normal eller lively"),
        ("LOG_LEVEL", "prat", "debug eller info"),
        ("MODEL_PATH", "/nope", "filen finns inte"),
        ("MODEL_PATH", "/", "filen finns inte"),
        ("CREDENTIALS_KEYS", "kort", "Fernet-nyckel"),
        ("CREDENTIALS_KEYS", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ= kort", "Fernet-nyckel"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_in_swedish(name: str, value: str, why: str) -> None:
    """The sentence names the setting and what it may be, in Swedish, and shows no secret."""
    with pytest.raises(BadSetting) as told:
        read_settings({name: value})
    sentence = str(told.value)
    assert f"Inställningen {name} går inte att använda" in sentence
    assert why in sentence
    assert "invalid" not in sentence
    assert name not in ("DATABASE_URL", "CREDENTIALS_KEYS") or value not in sentence


def test_a_level_may_be_written_in_capitals() -> None:
    """LOG_LEVEL=WARNING is as good as warning."""
    assert read_settings({"LOG_LEVEL": "WARNING"})["LOG_LEVEL"] == "warning"


def test_an_address_that_is_none_shows_no_password(tmp_path: Path) -> None:
    """A DATABASE_URL that cannot be read is told without what stands in it."""
    settings = read_settings(environment(tmp_path, DATABASE_URL="postgresql://a:hemlis@b:port/c"))
    with pytest.raises(BadSetting, match="DATABASE_URL") as told:
        database_address(settings)
    assert "hemlis" not in str(told.value)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    """A DATA_DIR that cannot be a folder is told, whether keys are kept in it or not."""
    (tmp_path / "fil").write_text("x")
    with pytest.raises(BadSetting, match="DATA_DIR"):
        create_app(environment(tmp_path / "fil"))
    with pytest.raises(BadSetting, match="DATA_DIR"):
        create_app(environment(tmp_path / "fil", CREDENTIALS_KEYS=""))


def test_kept_keys_that_are_broken_are_told_and_left(tmp_path: Path) -> None:
    """A broken keys.json is told and not written over: a back-up may mend it."""
    (tmp_path / "keys.json").write_text('{"secret": ')
    with pytest.raises(BadSetting, match=r"keys\.json"):
        create_app(environment(tmp_path, CREDENTIALS_KEYS=""))
    assert (tmp_path / "keys.json").read_text() == '{"secret": '


@pytest.mark.parametrize(
    ("command", "name", "value", "sentence"),
    [
        ("start", "PORT", "hundra", "Inställningen PORT"),
        ("check", "PORT", "0", "Inställningen PORT"),
        ("check", "DATABASE_URL", "mysql://x", "Inställningen DATABASE_URL"),
        ("check", "DATA_DIR", "/proc/x", "Inställningen DATA_DIR"),
        ("start", "DATA_DIR", "/proc/x", "Inställningen DATA_DIR"),
        ("start", "DATABASE_URL", "postgresql://x@127.0.0.1:1/x", "Databasen svarar inte"),
    ],
)
def test_a_command_with_a_bad_setting_says_one_sentence(
    tmp_path: Path, command: str, name: str, value: str, sentence: str
) -> None:
    """Typed in a terminal: the sentence, an exit code, no trace of the code, nothing else said."""
    done = flask({**environment(tmp_path), name: value}, command)
    assert done.returncode not in (0, None)
    assert sentence in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "No such command" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_web_server_with_a_bad_setting_ends_at_once(tmp_path: Path) -> None:
    """gunicorn says the sentence and gives up, instead of starting workers for ever."""
    settings = {**environment(tmp_path), "LOG_LEVEL": "prat"}
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0"],
        cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 3
    assert "Inställningen LOG_LEVEL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    """`flask suggest` with a model file that is none says what to do, and no trace."""
    (tmp_path / "modell.npz").write_text("inte en modell")
    done = flask({**environment(tmp_path), "MODEL_PATH": str(tmp_path / "modell.npz")}, "suggest")
    assert done.returncode == 1
    assert "går inte att läsa" in done.stderr
    assert "Träna modellen igen" in done.stderr
    assert "Traceback" not in done.stderr
