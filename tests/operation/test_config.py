"""The environment: what is read, what is refused, and what `.env.example` says of it."""

import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from crm_web.core.config import (
    ROOT,
    VARIABLES,
    ConfigurationError,
    Environment,
    load_settings,
)
from crm_web.core.database_urls import name_database, read_database_url
from crm_web.launcher.postgres import EmbeddedServer
from tests.operation.launch import clean_environment

SECRET = "0123456789abcdef0123456789abcdef"
OWN = {"DATABASE_URL": "postgresql://piper:pass@db/crm", "SECRET_KEY": SECRET}


def test_without_database_url_everything_is_in_the_folder(tmp_path: Path) -> None:
    settings = load_settings({"VAR_FOLDER": str(tmp_path)})

    assert settings.is_embedded
    assert settings.database_url == EmbeddedServer(tmp_path).url()


def test_a_lost_database_url_makes_no_database(tmp_path: Path) -> None:
    """As after an update in a shell that read half of an environment file."""
    folder = tmp_path / "var"
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(VAR_FOLDER=str(folder)), capture_output=True, text=True
    )

    assert done.returncode == 1
    assert f"Database: embedded, in {folder}" in done.stderr
    assert "DATABASE_URL is not set" in done.stderr.splitlines()[-1]
    assert not (folder / "postgres").exists()


def test_commands_read_an_environment_file_with_its_signs(tmp_path: Path) -> None:
    """A shell that sources this file would begin a program in the background at its ``&``."""
    (tmp_path / "piper.env").write_text(
        "DATABASE_URL=postgresql://piper@127.0.0.1:9/crm?application_name=x&connect_timeout=2\nSECRET_KEY=" + SECRET
    )
    command = [sys.executable, "-m", "flask", "--env-file", str(tmp_path / "piper.env"), "demo", "load"]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "Database: piper@127.0.0.1:9/crm"


def test_the_embedded_database_is_made_where_it_is_named(tmp_path: Path) -> None:
    named = load_settings({"VAR_FOLDER": str(tmp_path), "DATABASE_URL": "embedded"})

    assert named.database_url == EmbeddedServer(tmp_path).url()
    assert (named.is_embedded, named.creates_database) == (True, True)
    assert not load_settings({"VAR_FOLDER": str(tmp_path)}).creates_database


def test_secret_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    first = load_settings({"VAR_FOLDER": str(tmp_path / "var")})
    second = load_settings({"VAR_FOLDER": str(tmp_path / "var")})

    assert len(first.secret_key) == 64
    assert first.secret_key == second.secret_key
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_secret_can_be_kept_in_a_file(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql://db/crm", "SECRET_KEY_FILE": str(tmp_path / "key")}

    assert load_settings(given).secret_key == (tmp_path / "key").read_text()


def test_with_database_url_a_secret_must_be_given() -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEY is missing"):
        load_settings({"DATABASE_URL": "postgresql://db/crm"})


def test_all_that_is_missing_and_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_web.core.config.has_embedded_programs", lambda: False)
    for given in ({}, {"DATABASE_URL": " "}, {"DATABASE_URL": "embedded"}):
        with pytest.raises(ConfigurationError) as refused:
            load_settings(given)
        lines = refused.value.message.split("\n")
        assert [line.partition(".")[0] for line in lines] == ["DATABASE_URL is missing", "SECRET_KEY is missing"]
    with pytest.raises(ConfigurationError) as refused:
        load_settings({"DATABASE_URL": "mysql://db", "PORT": "none"})
    names = [line.split()[0] for line in refused.value.message.split("\n")]
    assert names == ["DATABASE_URL", "PORT", "SECRET_KEY"]
    assert load_settings({"DATABASE_URL": "postgresql://db/crm", "SECRET_KEY": "s" * 32}).port == 8000


def test_broken_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")

    with pytest.raises(ConfigurationError, match="Remove the file"):
        load_settings({"VAR_FOLDER": str(tmp_path)})


def test_folder_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Cannot keep the secret in /proc/nothing"):
        load_settings({"VAR_FOLDER": "/proc/nothing"})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgres://u:p%40ss@h/db", {"host": "h", "dbname": "db", "user": "u", "password": "p@ss"}),
        ("postgresql://u@h:5433/db", {"host": "h", "port": 5433, "dbname": "db", "user": "u"}),
        (
            "postgresql+psycopg2://u@h/db?sslmode=require",
            {"host": "h", "dbname": "db", "user": "u", "sslmode": "require"},
        ),
        ("postgresql:///db?host=/run/pg", {"host": "/run/pg", "dbname": "db"}),
        (
            "postgresql://u:p@one,two:5433/db?target_session_attrs=read-write",
            {
                "host": "one,two",
                "port": "5432,5433",
                "dbname": "db",
                "user": "u",
                "password": "p",
                "target_session_attrs": "read-write",
            },
        ),
    ],
)
def test_database_url_names_the_driver(given: str, read: dict[str, object]) -> None:
    engine = create_engine(read_database_url(given))

    assert engine.dialect.driver == "psycopg2"
    assert engine.dialect.create_connect_args(engine.url)[1] == read


def test_database_is_named_without_its_password() -> None:
    assert name_database(read_database_url("postgres://u:secret@h:1/db")) == "u@h:1/db"
    assert name_database(read_database_url("postgres://u:secret@a,b:2/db")) == "u@a:5432,b:2/db"
    assert name_database(read_database_url("postgres:///db?host=/run")) == "/run/db"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "mysql://db/crm", "must look like postgresql://"),
        ("DATABASE_URL", "just words", "must look like postgresql://"),
        ("DATABASE_URL", "postgresql://h:port/crm", "must look like postgresql://"),
        ("DATABASE_URL", "postgresql://h", "names no database"),
        ("SECRET_KEY", "short", "at least 32"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "web", "from 1 to 65535"),
        ("PORT", "٣", "from 1 to 65535"),
        ("WEB_CONCURRENCY", "-1", "from 1 to 64"),
        ("TRUSTED_PROXIES", "proxy.example", "addresses or networks"),
        ("HTTPS", "perhaps", "must be 1 or 0"),
        ("DEFAULT_REGION", "XX", "two letters of a country"),
        ("DEFAULT_CURRENCY", "XXY", "three letters of a currency"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_wrong_value_is_refused_in_one_line(name: str, value: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)) as refused:
        load_settings(OWN | {name: value})

    assert refused.value.message.startswith(name)
    assert "\n" not in refused.value.message


def test_secrets_are_never_printed() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_settings({"DATABASE_URL": f"mysql://u:{SECRET}@db/crm", "SECRET_KEY": SECRET[:20]})
    settings = load_settings({"DATABASE_URL": f"postgresql://u:{SECRET}@db/crm", "SECRET_KEY": SECRET})

    assert SECRET[:20] not in "".join(traceback.format_exception(refused.value)) + repr(settings)


def test_every_wrong_value_has_a_line_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_settings({"VAR_FOLDER": str(tmp_path / "var"), "PORT": "web", "HTTPS": "2", "TRUSTED_PROXIES": "a, ::1"})

    assert refused.value.message.splitlines() == [
        "PORT ('web') must be a whole number from 1 to 65535.",
        "TRUSTED_PROXIES ('a') must be addresses or networks separated by commas, such as 127.0.0.1, 10.0.0.5.",
        "HTTPS ('2') must be 1 or 0.",
    ]
    assert not (tmp_path / "var").exists()


def test_blank_value_is_as_good_as_none() -> None:
    assert load_settings(OWN | {"PORT": " ", "TRUSTED_PROXIES": ""}).port == 8000


def test_good_values_are_read() -> None:
    given = {
        "TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        "TRUSTED_HOSTS": "crm.example.com,crm",
        "HTTPS": "yes",
        "DEFAULT_REGION": "de",
        "DEFAULT_CURRENCY": "eur",
        "LOG_LEVEL": "debug",
    }

    settings = load_settings(OWN | given)

    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.trusted_hosts == ("crm.example.com", "crm")
    assert (settings.https, settings.default_region, settings.default_currency) == (True, "DE", "EUR")
    assert settings.flask_config()["SESSION_COOKIE_SECURE"]


def test_env_file_completes_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"# ours\nPORT=8111\nHOST='::1'\n\nVAR_FOLDER={tmp_path}\n")
    monkeypatch.setitem(Environment.model_config, "env_file", tmp_path / ".env")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT", "8112")

    settings = load_settings()

    assert (settings.port, settings.host) == (8112, "::1")


def test_example_lists_each_variable_with_its_default() -> None:
    listed = dict(re.findall(r"^# ?([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert set(listed) == set(VARIABLES)
    given = {name: value for name, value in listed.items() if name not in ("TRUSTED_PROXIES", "TRUSTED_HOSTS")}
    assert load_settings(given | OWN) == load_settings(OWN)
    assert load_settings(listed | OWN).trusted_hosts == ("crm.example.com",)


def test_pool_is_smaller_than_the_threads() -> None:
    settings = load_settings(OWN)

    pool_size = settings.flask_config()["SQLALCHEMY_ENGINE_OPTIONS"]["pool_size"]
    assert settings.web_requests < pool_size < settings.web_threads
