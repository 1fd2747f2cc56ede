"""The socket that a server listens on, alone or beside other processes."""

import socket

from retrospec.core.errors import SettingsError


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket bound to an address, not listening yet.

    Several processes each listen on a shared address with a socket of their own, and the system deals connections
    out among them. With one socket for all, whoever wakes first takes all that wait: of 64 connections that came at
    once, four processes had 64, 0, 0 and 0, or 26, 21, 12 and 5; with a socket each 23, 19, 12 and 10, or 21, 17, 15
    and 11 (`python -m bench.connections`). When a process dies its socket goes with it, and the others get what
    comes next.

    Args:
        host: The address.
        port: 0 takes a free one.
        shared: Other processes of this user may bind it too.

    Raises:
        SettingsError: The address cannot be had.
    """
    if shared and port:
        # Among those that share, the system refuses nobody: a second server would quietly get half of the requests.
        _bind(host, port, shared=False).close()
    return _bind(host, port, shared=shared)


def join(address: tuple[str, int]) -> socket.socket:
    """A further socket for an address that another process has bound to be shared."""
    return _bind(*address, shared=True)


def url_of(sock: socket.socket) -> str:
    """Where a socket is reached, e.g. `http://127.0.0.1:8080`."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bind(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
    except OSError as cause:
        sock.close()
        raise SettingsError(
            f"ORCHESTRATOR_PORT={port}: {host} cannot be listened on: {cause.strerror}; choose another port or address"
        ) from cause
    return sock
