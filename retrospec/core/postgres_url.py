"""PostgreSQL's URL: what may stand in it, and what each part means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, cast, get_args
from urllib.parse import SplitResult, quote, unquote, urlsplit

SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]
SSL_MODES: tuple[str, ...] = get_args(SslMode)
FORM = "postgres://user:password@host:port/name?option=value"
_FILES = ("sslrootcert", "sslcert", "sslkey")
_OPTIONS = ("host", "port", "user", "password", "dbname", "application_name", "sslmode", *_FILES)
_ENCODE = "percent-encode what is special in user and password, e.g. # as %23"


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A database, and how to be sure of it.

    Attributes:
        host: A name, an address, or the folder of a unix socket.
        sslmode: Empty where the URL says nothing.
        sslrootcert: File of the certificates that the server's must come from; `system`: those of this machine.
        application_name: Empty where the URL says nothing.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    sslmode: SslMode | Literal[""]
    sslrootcert: str
    sslcert: str
    sslkey: str
    application_name: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take a URL apart.

        Raises:
            ValueError: What is wrong with it, in words that hold no secret.
        """
        parts = _split(url)
        options = dict(_options(parts.query))
        host, port = _place(parts)
        found = cls(
            host=options.get("host") or host or "localhost",
            port=_port(options.get("port") or port or "5432"),
            user=options.get("user") or unquote(parts.username or "") or "postgres",
            password=options.get("password") or unquote(parts.password or ""),
            database=options.get("dbname") or unquote(parts.path.lstrip("/")),
            sslmode=_ssl_mode(options.get("sslmode", "")),
            sslrootcert=options.get("sslrootcert", ""),
            sslcert=options.get("sslcert", ""),
            sslkey=options.get("sslkey", ""),
            application_name=options.get("application_name", ""),
        )
        if not found.database:
            raise ValueError(f"names no database: expected {FORM}")
        if "," in found.host:
            raise ValueError("names several hosts: expected one")
        return found

    @property
    def on_socket(self) -> bool:
        """Whether the server is reached through a unix socket; TLS plays no part there."""
        return self.host.startswith("/")


def with_options(url: str, options: Mapping[str, str]) -> str:
    """A URL with more options; those that it has itself go before them, and empty ones are left out."""
    parts = _split(url)
    own = {pair.partition("=")[0] for pair in parts.query.split("&")}
    more = [f"{name}={quote(value, '')}" for name, value in options.items() if value and name not in own]
    return parts._replace(query="&".join([*filter(None, [parts.query]), *more])).geturl()


def build(*, host: str, port: int, user: str, password: str, database: str) -> str:
    """The URL of a server's database."""
    login = f"{quote(user, '')}:{quote(password, '')}"
    if host.startswith("/"):
        return f"postgres://{login}@/{quote(database, '')}?host={quote(host, '')}&port={port}"
    place = f"[{host}]" if ":" in host else quote(host, "")
    return f"postgres://{login}@{place}:{port}/{quote(database, '')}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError as cause:
        # Its text would show a part of the password, where that is what has the bracket in it.
        raise ValueError(f"is not a URL: expected {FORM}; {_ENCODE}") from cause
    if parts.fragment:
        raise ValueError(f"has a # in it: {_ENCODE}")
    return parts


def _place(parts: SplitResult) -> tuple[str, str]:
    """Host and port. Not as `urlsplit` has them: it makes a path small letters, and says a wrong port aloud."""
    place = parts.netloc.rpartition("@")[2]
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return unquote(host), port.removeprefix(":")
    host, _, port = place.partition(":")
    return unquote(host), port


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise ValueError(f"its port is not a number from 1 to 65535; {_ENCODE}")


def _options(query: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        name = unquote(name)
        if name not in _OPTIONS:
            raise ValueError(f"has an unknown option {name[:40]!r} (known: {', '.join(_OPTIONS)})")
        if name in seen:
            raise ValueError(f"has the option {name!r} twice")
        seen.add(name)
        yield name, unquote(value)


def _ssl_mode(text: str) -> SslMode | Literal[""]:
    if text and text not in SSL_MODES:
        raise ValueError(f"sslmode={text[:40]} is none of {', '.join(SSL_MODES)}")
    return cast("SslMode", text)
