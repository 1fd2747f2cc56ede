"""How plugins reach others, and where they must not."""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.request import getproxies

import httpx

from retrospec.plugin.addresses import is_odd_literal, is_public
from retrospec.plugin.guarded_http import GuardedTransport
from retrospec.plugin.racing import first_of
from retrospec.plugin.resolving import look_up

_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


class AddressRefused(OSError):
    """A host leads, or may lead, into a network that this sink must not reach. Nothing was sent to it.

    The text names the host and no address: whoever made the sink is not to learn what a name means inside.
    """


@dataclass(frozen=True, slots=True)
class Network:
    """What may be connected to, and the connections themselves.

    While `allow_private` is False, a host's name is resolved once, every address it has is checked, the host is refused
    if a single one is not public, and the connection goes to an address that was checked: a name that means something
    else a moment later gains nothing.

    Attributes:
        allow_private: Whether private, loopback, link-local, multicast, mapped and other special addresses are among
            it, and addresses in unusual notation.
    """

    allow_private: bool = True

    def http_client(
        self, *, timeout: float, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None
    ) -> httpx.AsyncClient:
        """Make an HTTP client. It follows no redirects, and keeps no cookies.

        Proxies of the environment (`HTTPS_PROXY` and the like) are used only while `allow_private` is True: a proxy
        resolves names by itself, and nobody would check them. `SSL_CERT_FILE` and `SSL_CERT_DIR` count always.

        Args:
            timeout: For connecting, for each read and for each write, in seconds. A receiver that drips never reaches
                it: put `asyncio.timeout` around the whole.
            headers: Sent with every request.
            tls: Whom to trust; None for `tls()`.

        Returns:
            A client to be used as `async with`. Where it must not connect it raises `httpx.ConnectError`, caused by
            `AddressRefused`.
        """
        trusted = tls or self.tls()
        by_proxy = self.allow_private and bool({"http", "https", "all"} & set(getproxies()))
        return httpx.AsyncClient(
            verify=trusted,
            timeout=timeout,
            headers=headers,
            follow_redirects=False,
            cookies=CookieJar(_NO_COOKIES),
            transport=None if by_proxy else GuardedTransport(self.resolve, trusted),
            trust_env=by_proxy,
        )

    def tls(self) -> ssl.SSLContext:
        """Whom to trust: the authorities that `SSL_CERT_FILE` or `SSL_CERT_DIR` names, otherwise those of `certifi`.

        Returns:
            One context for all who ask, which is not to be changed. It may take 50 ms to make.
        """
        return _trusted(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))

    async def connect(self, host: str, port: int, *, timeout: float) -> socket.socket:
        """Connect by TCP, for what speaks something else than HTTP.

        For TLS use `tls()`, and give `host` as `server_hostname`, so that the certificate is held against the name.

        Args:
            host: A name or an address.
            port: Where it listens.
            timeout: For resolving and connecting together, in seconds.

        Returns:
            A connected socket that does not block; the caller closes it.

        Raises:
            AddressRefused: It must not connect there.
            TimeoutError: It took longer.
            OSError: There is no such host, or it does not answer.
        """
        async with asyncio.timeout(timeout):
            return await first_of(await self.resolve(host), partial(_connect, port=port))

    async def resolve(self, host: str) -> Sequence[str]:
        """Look up a host's addresses, and refuse it if they are not all allowed.

        Args:
            host: A name or an address, an IPv6 one with or without brackets.

        Returns:
            At least one address, in the order in which to try them.

        Raises:
            AddressRefused: It must not connect there.
            OSError: There is no such host.
        """
        # Before and after: dots of another script are only dots in the ASCII form.
        if not self.allow_private and (is_odd_literal(host) or is_odd_literal(_in_ascii(host))):
            raise AddressRefused(f"{host} is an address in unusual notation")
        addresses = await look_up(_in_ascii(host))
        if not self.allow_private and not all(is_public(ipaddress.ip_address(address)) for address in addresses):
            raise AddressRefused(f"{host} leads into a private or special network")
        return addresses


# Measured: 45 ms and 0.8 MiB each, and a server may have hundreds of sinks.
@lru_cache(maxsize=4)
def _trusted(_file: str, _folder: str) -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _in_ascii(host: str) -> str:
    """The host as resolvers take it. The same rules as in a URL, so that both ways mean the same host."""
    try:
        return httpx.URL(scheme="https", host=host).raw_host.decode("ascii")
    except httpx.InvalidURL as error:
        raise socket.gaierror(socket.EAI_NONAME, "not the name of a host") from error


async def _connect(address: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        await loop.sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made
