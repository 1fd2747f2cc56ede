"""Which addresses belong to everybody, and which lead into somebody's own network."""

import ipaddress
from collections.abc import Mapping

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# `ipaddress.is_global` is no help: it is true for NAT64, 6to4, IPv4-compatible and multicast addresses, and what it
# knows changes with the version of Python.
NOT_PUBLIC_V4: Mapping[str, str] = {
    "0.0.0.0/8": "this host; Linux connects 0.0.0.0 to itself",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by customers of a carrier; clouds keep metadata there",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "Azure's own service, which answers every machine from inside",
    "169.254.0.0/16": "link-local; clouds keep metadata there",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments",
    "192.0.2.0/24": "documentation",
    "192.52.193.0/24": "tunnels (AMT)",
    "192.88.99.0/24": "6to4 relays",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmarks",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved, and broadcast",
}
# Only global unicast is public at all. That leaves out ::, ::1, IPv4-compatible (::/96) and IPv4-mapped addresses
# (::ffff:0:0/96), NAT64 (64:ff9b::/96, 64:ff9b:1::/48), discard (100::/64), ULA (fc00::/7), link-local (fe80::/10),
# site-local (fec0::/10), multicast (ff00::/8) and what is not yet given to anybody.
GLOBAL_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
NOT_PUBLIC_V6: Mapping[str, str] = {
    "2001::/23": "protocol assignments, among them Teredo, ORCHID and benchmarks",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4: an IPv4 address is inside",
    "3fff::/20": "documentation",
}
_V4 = tuple(ipaddress.IPv4Network(network) for network in NOT_PUBLIC_V4)
_V6 = tuple(ipaddress.IPv6Network(network) for network in NOT_PUBLIC_V6)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet, and to nothing else.

    An IPv6 address that carries an IPv4 address is never public, whichever it carries: what it reaches is for a
    translator in somebody's network to decide.

    Args:
        address: As it was resolved.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _V4)
    if address.scope_id is not None or address not in GLOBAL_UNICAST_V6:
        return False
    return not any(address in network for network in _V6)


def is_odd_literal(host: str) -> bool:
    """Whether a host is written so that programs disagree about what it is.

    A resolver takes `2130706433`, `0x7f.1`, `0177.0.0.1` and `127.1` for 127.0.0.1, others take them for names; and
    an IPv6 address with a zone names an interface of this machine.

    Args:
        host: A name or an address, without brackets.
    """
    if "%" in host:
        return True
    last = host.removesuffix(".").rpartition(".")[2].lower()
    if not (last.isdigit() or last.startswith("0x")):
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False
