"""TLS to a real PostgreSQL that asks for it: who is let in, who is not, and what is said of it."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from retrospec.core.db import Database
from retrospec.core.errors import Unavailable
from retrospec.core.migrations import Migrations
from retrospec.schema import MODELS
from tests.cli.conftest import Cli
from tests.client import MakeClient, marker
from tests.faults.cable import cable_to
from tests.ownpostgres import WITH_TLS, OwnPostgres
from tests.test_architecture import ROOT


class Tls:
    """A server with TLS, for the name `localhost`, and the files of its clients.

    Attributes:
        root: Its authority.
        other_root: An authority that it has nothing to do with.
        cert: A client's certificate, for the user `visitor`; `key` is its key.
    """

    def __init__(self, server: OwnPostgres, folder: Path) -> None:
        authority = trustme.CA()
        self._server = server
        self.root, self.other_root = folder / "root.pem", folder / "other.pem"
        self.cert, self.key = folder / "visitor.pem", folder / "visitor.key"
        authority.cert_pem.write_to_path(self.root)
        trustme.CA().cert_pem.write_to_path(self.other_root)
        visitor = authority.issue_cert(common_name="visitor")
        visitor.cert_chain_pems[0].write_to_path(self.cert)
        visitor.private_key_pem.write_to_path(self.key)
        own = authority.issue_cert("localhost")
        own.private_key_pem.write_to_path(server.folder / "server.key")
        own.cert_chain_pems[0].write_to_path(server.folder / "server.pem")
        shutil.copy(self.root, server.folder / "root.pem")
        for name in ("server.key", "server.pem", "root.pem"):
            server.give(server.folder / name)

    def url(self, *options: str, user: str = "postgres", host: str = "localhost", database: str = "postgres") -> str:
        """A URL of it."""
        return f"postgres://{user}:@{host}:{self._server.port}/{database}?{'&'.join(options)}"

    def create(self) -> str:
        """Make an empty database, and give its name."""
        name = f"t_{secrets.token_hex(8)}"
        self._server.run_sql(f"CREATE DATABASE {name}")
        return name


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    with OwnPostgres(
        WITH_TLS, "ssl_cert_file=../server.pem", "ssl_key_file=../server.key", "ssl_ca_file=../root.pem"
    ) as server:
        made = Tls(server, tmp_path_factory.mktemp("tls"))
        server.run_sql("CREATE ROLE visitor LOGIN; GRANT ALL ON SCHEMA public TO visitor")
        server.access(
            "local all all trust",
            *(f"hostssl all visitor {net} cert" for net in ("127.0.0.1/32", "::1/128")),
            *(f"hostssl all all {net} trust" for net in ("127.0.0.1/32", "::1/128")),
        )
        server.run_sql("ALTER SYSTEM SET ssl = on")
        server.stop()
        server.start()
        yield made


async def described(url: str) -> str:
    """What a database says of the connection to it."""
    database = Database(url, MODELS)
    await database.open()
    try:
        return await database.describe()
    finally:
        await database.close()


async def refused(url: str) -> str:
    """Why no connection came about."""
    with pytest.raises(Unavailable) as refusal:
        await described(url)
    return str(refusal.value)


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full", "prefer", ""])
async def test_every_mode_but_disable_speaks_tls_to_a_server_that_asks_for_it(tls: Tls, mode: str) -> None:
    options = [f"sslmode={mode}"] if mode in ("require", "prefer") else [f"sslmode={mode}", f"sslrootcert={tls.root}"]

    assert (await described(tls.url(*options))).startswith("PostgreSQL 17.10 answers over TLSv1.3; 1 of 10 connections")


async def test_without_tls_such_a_server_lets_nobody_in(tls: Tls) -> None:
    assert "no encryption" in await refused(tls.url("sslmode=disable"))


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_server_of_another_authority_is_not_believed(tls: Tls, mode: str) -> None:
    said = await refused(tls.url(f"sslmode={mode}", f"sslrootcert={tls.other_root}"))

    assert "certificate verify failed" in said


async def test_only_verify_full_asks_for_the_name(tls: Tls) -> None:
    root = f"sslrootcert={tls.root}"

    assert "TLSv1.3" in await described(tls.url("sslmode=verify-ca", root, host="127.0.0.1"))
    assert "IP address mismatch" in await refused(tls.url("sslmode=verify-full", root, host="127.0.0.1"))


async def test_verify_full_alone_believes_what_this_machine_believes(tls: Tls) -> None:
    assert "certificate verify failed" in await refused(tls.url("sslmode=verify-full"))


async def test_who_must_show_a_certificate_is_let_in_with_it_and_not_without(tls: Tls) -> None:
    own = (f"sslcert={tls.cert}", f"sslkey={tls.key}", f"sslrootcert={tls.root}")

    assert "TLSv1.3" in await described(tls.url(*own, user="visitor"))
    assert "certificate" in await refused(tls.url("sslmode=require", user="visitor"))


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_a_server_without_tls_is_refused_by_require_and_taken_by_prefer(database_url: str) -> None:
    async with cable_to(database_url) as cable:
        assert "rejected SSL upgrade" in await refused(f"{cable.url}?sslmode=require")
        assert "answers over a connection without TLS" in await described(f"{cable.url}?sslmode=prefer")


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_a_socket_is_called_one(database_url: str) -> None:
    assert "answers over a unix socket; " in await described(database_url)


def test_commands_and_aerich_connect_by_the_settings_of_tls(tls: Tls, cli: Cli) -> None:
    trusted = {
        "POSTGRES_HOST": "localhost",
        "POSTGRES_PORT": tls.url().rpartition(":")[2].partition("/")[0],
        "POSTGRES_DB": tls.create(),
        "POSTGRES_SSLMODE": "verify-full",
    }
    cli.environ = {**trusted, "POSTGRES_SSLROOTCERT": str(tls.root)}
    deceived = {**trusted, "POSTGRES_SSLROOTCERT": str(tls.other_root)}

    assert "certificate verify failed" in cli.fails("db", "upgrade", **deceived)
    assert "applied 0_" in cli.prints("db", "upgrade")
    assert "TLSv1.3" in cli.prints("doctor", EMBEDDED_WORKER="true")
    assert "proj_default" in cli.prints("projects", "list")

    (cli.folder / "migrations").symlink_to(ROOT / "migrations")
    shutil.copy(ROOT / "pyproject.toml", cli.folder)
    command = [str(Path(sys.executable).with_name("aerich")), "heads"]
    for environ, code in ((cli.environ, 0), (deceived, 1)):
        given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}
        done = subprocess.run(command, cwd=cli.folder, env=given, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_whole_server_works_over_tls(tls: Tls, make_client: MakeClient) -> None:
    url = tls.url(f"sslrootcert={quote(str(tls.root))}", database=tls.create())
    await Migrations(url, MODELS).upgrade()
    client = await make_client(database_url=url)

    await client.recorded("s1", marker())

    assert (await client.get("/v1/sessions/s1"))["session"]["markers"]
    ready = await client.get("/readyz")
    assert "PostgreSQL 17.10 answers over TLSv1.3" in ready["checks"][0]["detail"]
