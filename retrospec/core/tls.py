"""TLS to PostgreSQL: what `sslmode` and its files mean, as libpq has it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrospec.core.postgres_url import PostgresUrl, SslMode

# What stands for the certificates that this machine trusts.
SYSTEM = "system"
_UNCHECKED = ("disable", "prefer")


def ssl_option(url: PostgresUrl) -> ssl.SSLContext | str:
    """What asyncpg takes for TLS: a context, or the name of a mode that checks nothing.

    Never None: asyncpg would then look for modes and certificates in the environment and in the home folder.

    Raises:
        ValueError: A file cannot be used, or it contradicts the mode.
    """
    mode = _mode(url)
    _check_files(url, mode)
    if mode in _UNCHECKED or url.on_socket:
        return "disable" if url.on_socket else mode
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "verify-full"
    if url.sslrootcert == SYSTEM or (mode == "verify-full" and not url.sslrootcert):
        context.load_default_certs()
    elif url.sslrootcert:
        with _reading("sslrootcert", url.sslrootcert, "holds no certificates in PEM"):
            context.load_verify_locations(_path(url.sslrootcert))
    else:
        context.verify_mode = ssl.CERT_NONE
    if url.sslcert:
        _load_own(context, url.sslcert, url.sslkey)
    return context


def _mode(url: PostgresUrl) -> SslMode:
    if url.sslmode:
        return url.sslmode
    # Whoever names a file means it: the usual `prefer` would not look at it.
    return "verify-full" if url.sslrootcert or url.sslcert else "prefer"


def _check_files(url: PostgresUrl, mode: SslMode) -> None:
    named = [name for name in ("sslrootcert", "sslcert", "sslkey") if getattr(url, name)]
    if named and mode in _UNCHECKED:
        raise ValueError(f"{named[0]} is not looked at with sslmode={mode}: use require, verify-ca or verify-full")
    if url.sslkey and not url.sslcert:
        raise ValueError("sslkey needs sslcert beside it")
    if mode == "verify-ca" and url.sslrootcert in ("", SYSTEM):
        # Everybody can have a certificate of a public authority: without the host's name it proves nothing.
        raise ValueError("sslmode=verify-ca needs sslrootcert, a file of the authority's certificates")
    if url.sslrootcert == SYSTEM and mode != "verify-full":
        raise ValueError(f"sslrootcert={SYSTEM} needs sslmode=verify-full")


def _load_own(context: ssl.SSLContext, cert: str, key: str) -> None:
    for name, file in (("sslcert", cert), ("sslkey", key)):
        if file:
            with _reading(name, file, ""):
                _path(file).read_bytes()
    with _reading("sslcert", cert, "is no certificate in PEM with its own key, unencrypted, in sslkey or beside it"):
        # Without this a key with a passphrase would stop the start with a question.
        context.load_cert_chain(_path(cert), _path(key) if key else None, password=lambda: "")


@contextmanager
def _reading(name: str, file: str, otherwise: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as cause:
        raise ValueError(f"{name}={file} {otherwise}") from cause
    except OSError as cause:
        raise ValueError(f"{name}={file} cannot be read ({cause.strerror or type(cause).__name__})") from cause


def _path(file: str) -> Path:
    return Path(file).expanduser()
