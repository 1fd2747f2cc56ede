"""Who is calling: the peer, or whom a trusted proxy says it speaks for."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from sanic import Request

from retrospec.core.settings_server import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: Request, trusted: Sequence[Network]) -> str:
    """The address of a request's client, in its shortest form. Empty on a unix socket.

    Args:
        request: As it arrived.
        trusted: Networks of our own proxies. Only what these wrote into `X-Forwarded-For` counts.
    """
    if not trusted:
        return shortest(request.ip)
    peer = parse_address(request.ip)
    if peer is None:
        return request.ip
    return str(_walk(peer, ",".join(request.headers.getall("x-forwarded-for", [])), trusted))


def _walk(peer: Address, forwarded: str, trusted: Sequence[Network]) -> Address:
    """Go from the peer towards the client, for as long as whoever wrote the entry is trusted."""
    address = peer
    for entry in reversed(forwarded.split(",")):
        if not any(address in network for network in trusted):
            break
        claimed = parse_address(_without_port(entry.strip()))
        if claimed is None:
            break
        address = claimed
    return address


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, colon, _ = entry.partition(":")
    return host if colon and ":" not in entry[len(host) + 1 :] else entry


@lru_cache(maxsize=4096)
def shortest(text: str) -> str:
    """An address in its shortest form; what is none stays as it is."""
    parsed = parse_address(text)
    return text if parsed is None else str(parsed)


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """Read an address: IPv4 inside IPv6 as IPv4, without a zone. None for anything else."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
