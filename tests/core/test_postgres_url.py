"""PostgreSQL's URLs: what each part means, and what a wrong one is told."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from retrospec.core.connecting import connection_settings
from retrospec.core.errors import SettingsError
from retrospec.core.postgres_url import PostgresUrl, build, with_options
from retrospec.core.settings_sources import load

SECRET = "s3cret-Zq99mW"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Files of an authority, and of a certificate of ours with its key."""
    authority = trustme.CA()
    own = authority.issue_cert(common_name="retrospec")
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "own.pem")
    own.private_key_pem.write_to_path(tmp_path / "own.key")
    (tmp_path / "text.pem").write_text("no certificate")
    return {name: str(tmp_path / name) for name in ("root.pem", "own.pem", "own.key", "text.pem", "missing.pem")}


def credentials(url: str, **options: Any) -> dict[str, Any]:
    given: dict[str, Any] = connection_settings(url, **options)["credentials"]
    return given


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "password", "database"),
    [
        ("postgres://u:p@db.internal:6432/shop", "db.internal", 6432, "u", "p", "shop"),
        ("postgresql://u@db.internal/shop", "db.internal", 5432, "u", "", "shop"),
        ("postgres:///shop", "localhost", 5432, "postgres", "", "shop"),
        ("postgres://u:p%40%2F%23%3A%25%20w@h/my%20shop", "h", 5432, "u", "p@/#:% w", "my shop"),
        ("postgres://u%40corp:p@h/d", "h", 5432, "u@corp", "p", "d"),
        ("postgres://u:p@w@h/d", "h", 5432, "u", "p@w", "d"),
        ("postgres://u:p@[::1]:6432/d", "::1", 6432, "u", "p", "d"),
        ("postgres://u:p@[fe80::1%25eth0]/d", "fe80::1%eth0", 5432, "u", "p", "d"),
        ("postgresql://postgres:@/d?host=/run/My Sockets", "/run/My Sockets", 5432, "postgres", "", "d"),
        ("postgresql://%2Frun%2FPG/d", "/run/PG", 5432, "postgres", "", "d"),
        ("postgresql://:5433/d?host=/run/pg", "/run/pg", 5433, "postgres", "", "d"),
        ("postgresql:///?host=h&port=6432&user=u&password=a%26b+c&dbname=d", "h", 6432, "u", "a&b+c", "d"),
        ("postgres://u:p@h/d?sslmode=&host=", "h", 5432, "u", "p", "d"),
    ],
)
def test_each_part_is_read_as_libpq_reads_it(
    url: str, host: str, port: int, user: str, password: str, database: str
) -> None:
    given = credentials(url)

    assert [given[name] for name in ("host", "port", "user", "password", "database")] == [
        host,
        port,
        user,
        password,
        database,
    ]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"postgres://u:{SECRET}@h", "names no database"),
        (f"postgres://u:{SECRET}@h:many/d", "its port is not a number from 1 to 65535"),
        (f"postgres://u:{SECRET}@h:0/d", "its port is not a number from 1 to 65535"),
        (f"postgres://u:{SECRET}@h/d?port=65536", "its port is not a number from 1 to 65535"),
        (f"postgres://u:{SECRET}/x@h/d", "percent-encode what is special"),
        (f"postgres://u:{SECRET}#x@h/d", "has a # in it: percent-encode"),
        (f"postgres://u:{SECRET}[x@h/d", "is not a URL: expected postgres://"),
        (f"postgres://u:{SECRET}@h/d?sslmod=require", "has an unknown option 'sslmod' (known: host, port,"),
        (f"postgres://u:{SECRET}@h/d?target_session_attrs=any", "has an unknown option 'target_session_attrs'"),
        (f"postgres://u:{SECRET}@h/d?pool", "has an unknown option 'pool'"),
        (f"postgres://u:{SECRET}@h/d?sslmode=require&sslmode=disable", "has the option 'sslmode' twice"),
        (f"postgres://u:{SECRET}@h/d?sslmode=allow", "sslmode=allow is none of disable, prefer, require, verify-ca"),
        (f"postgres://u:{SECRET}@one,two/d", "names several hosts"),
        (
            f"postgres://u:{SECRET}@h/d?sslrootcert=/missing.pem",
            "sslrootcert=/missing.pem cannot be read (No such file",
        ),
        (f"postgres://u:{SECRET}@h/d?sslmode=verify-ca", "sslmode=verify-ca needs sslrootcert"),
        (f"postgres://u:{SECRET}@h/d?sslmode=verify-ca&sslrootcert=system", "sslmode=verify-ca needs sslrootcert"),
        (f"postgres://u:{SECRET}@h/d?sslmode=require&sslrootcert=system", "sslrootcert=system needs sslmode=verify-"),
        (f"postgres://u:{SECRET}@h/d?sslmode=prefer&sslrootcert=x", "sslrootcert is not looked at with sslmode=prefer"),
        (f"postgres://u:{SECRET}@h/d?sslmode=disable&sslcert=x", "sslcert is not looked at with sslmode=disable"),
        (f"postgres://u:{SECRET}@h/d?sslmode=require&sslkey=x", "sslkey needs sslcert beside it"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start_in_one_line_without_secrets(url: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({"DATABASE_URL": url})

    assert says in str(refused.value)
    assert str(refused.value).startswith("DATABASE_URL")
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"POSTGRES_SSLROOTCERT": "text.pem"}, "text.pem holds no certificates in PEM"),
        ({"POSTGRES_SSLROOTCERT": "missing.pem"}, "missing.pem cannot be read"),
        ({"POSTGRES_SSLCERT": "own.pem", "POSTGRES_SSLKEY": "missing.pem"}, "sslkey=missing.pem cannot be read"),
        ({"POSTGRES_SSLCERT": "own.pem", "POSTGRES_SSLKEY": "text.pem"}, "sslcert=own.pem is no certificate"),
        ({"POSTGRES_SSLCERT": "own.pem"}, "sslcert=own.pem is no certificate in PEM with its own key"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(files: dict[str, str], settings: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({"POSTGRES_HOST": "h", **{name: files[file] for name, file in settings.items()}})

    for name, path in files.items():
        says = says.replace(f"={name}", f"={path}")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(files: dict[str, str], tmp_path: Path) -> None:
    locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n"
    (tmp_path / "locked.key").write_text(locked)

    with pytest.raises(SettingsError, match="with its own key, unencrypted"):
        credentials(f"postgres://h/d?sslmode=require&sslcert={files['own.pem']}&sslkey={tmp_path / 'locked.key'}")


@pytest.mark.parametrize(
    ("options", "checks_certificate", "checks_host"),
    [
        ("sslmode=require", False, False),
        ("sslmode=require&sslrootcert={root}", True, False),
        ("sslmode=verify-ca&sslrootcert={root}", True, False),
        ("sslmode=verify-full&sslrootcert={root}", True, True),
        ("sslmode=verify-full", True, True),
        ("sslmode=verify-full&sslrootcert=system", True, True),
        ("sslrootcert={root}", True, True),
        ("sslcert={cert}&sslkey={key}", True, True),
    ],
)
def test_each_mode_checks_what_libpq_checks(
    files: dict[str, str], options: str, checks_certificate: bool, checks_host: bool
) -> None:
    named = options.format(root=files["root.pem"], cert=files["own.pem"], key=files["own.key"])

    context = credentials(f"postgres://h/d?{named}")["ssl"]

    assert (context.verify_mode == ssl.CERT_REQUIRED, context.check_hostname) == (checks_certificate, checks_host)


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgres://h/d", "prefer"),
        ("postgres://h/d?sslmode=disable", "disable"),
        ("postgres:///d?host=/run/pg", "disable"),
        ("postgres:///d?host=/run/pg&sslmode=require", "disable"),
    ],
)
def test_modes_that_check_nothing_go_by_name_and_a_socket_needs_none(url: str, mode: str) -> None:
    assert credentials(url)["ssl"] == mode


def test_settings_of_tls_fill_what_the_url_leaves_out(files: dict[str, str]) -> None:
    environ = {"POSTGRES_SSLMODE": "verify-full", "POSTGRES_SSLROOTCERT": files["root.pem"]}

    of_parts = PostgresUrl.parse(load({"POSTGRES_HOST": "h", **environ}).database)
    of_url = PostgresUrl.parse(load({"DATABASE_URL": "postgres://h/d?sslmode=verify-ca", **environ}).database)

    assert (of_parts.sslmode, of_parts.sslrootcert) == ("verify-full", files["root.pem"])
    assert (of_url.sslmode, of_url.sslrootcert) == ("verify-ca", files["root.pem"])
    assert load({"DATABASE_URL": "sqlite://x.db", **environ}).database == "sqlite://x.db"


@pytest.mark.parametrize("host", ["db.internal", "10.0.0.1", "::1", "/run/My Sockets"])
def test_a_url_made_of_settings_means_what_they_say(host: str) -> None:
    given = {"host": host, "port": 6432, "user": "u@corp", "password": "p:/?#[]@&% +", "database": "my/shop"}

    found = PostgresUrl.parse(build(**given))  # type: ignore[arg-type]

    assert {name: getattr(found, name) for name in given} == given
    assert found.on_socket is host.startswith("/")


def test_options_are_added_only_where_the_url_has_none() -> None:
    assert with_options("postgres://h/d", {"sslmode": "", "sslkey": "a b"}) == "postgres://h/d?sslkey=a%20b"
    assert with_options("postgres://h/d?sslmode=disable", {"sslmode": "require"}) == "postgres://h/d?sslmode=disable"


def test_limits_are_sent_to_the_server_only_where_there_are_any() -> None:
    sent = credentials("postgres://h/d", statement_timeout_seconds=1.5, lock_timeout_seconds=0)["server_settings"]
    assert sent == {"statement_timeout": "1500", "idle_in_transaction_session_timeout": "60000"}

    unhurried = credentials("postgres://h/d", unhurried=True)
    assert unhurried["server_settings"] == {
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "lock_timeout": "10000",
    }
    assert unhurried["command_timeout"] is None

    none = dict.fromkeys(("statement_timeout_seconds", "lock_timeout_seconds", "idle_transaction_timeout_seconds"), 0.0)
    assert credentials("postgres://h/d", **none)["server_settings"] == {}
    assert credentials("postgres://h/d", unhurried=True, **none)["server_settings"] == {}


def test_a_pool_cannot_keep_more_connections_than_it_may_have() -> None:
    with pytest.raises(SettingsError, match=r"DATABASE_POOL_MIN_SIZE=30: must not be above DATABASE_POOL_SIZE \(20\)"):
        load({"DATABASE_POOL_SIZE": "20", "DATABASE_POOL_MIN_SIZE": "30"})
