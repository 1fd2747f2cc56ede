"""Where plugins may connect to: every record is checked, and the connection goes to what was checked."""

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import trustme
from hypothesis import given
from hypothesis.strategies import ip_addresses

from retrospec.plugin import AddressRefused, Network, resolving
from retrospec.plugin import network as guard
from retrospec.plugin.addresses import NOT_PUBLIC_V4, NOT_PUBLIC_V6, is_odd_literal, is_public
from retrospec.plugin.testing.receiver import Answer, Receiver

OUTSIDE = Network(allow_private=False)
ANYWHERE = Network()
# Nothing here may be connected to. Add what you find missing.
REFUSED = {
    "this host": ["0.0.0.0", "0.1.2.3", "::"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd12:3456:789a::1"],
    "metadata of clouds": ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"],
    "link-local": ["169.254.0.1", "fe80::1", "febf::1"],
    "site-local": ["fec0::1", "feff::1"],
    "shared": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved and broadcast": ["240.0.0.1", "255.255.255.255", "4000::1", "5f00::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:7f00:1"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "6to4": ["2002:7f00:1::1", "2002:c0a8:1::1", "2002:808:808::1", "192.88.99.1"],
    "NAT64": ["64:ff9b::c0a8:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "64:ff9b:1:ffff::1"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "other protocols": ["192.0.0.1", "192.52.193.1", "2001:20::1", "100::1", "2001:1::1"],
    "a zone": ["fe80::1%1", "2606:4700:4700::1111%1"],
}
PUBLIC = ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
          "128.0.0.0", "172.15.255.255", "172.32.0.0", "223.255.255.255", "2606:4700:4700::1111",
          "2001:4860:4860::8888", "2001:200::1", "2a00:1450:4001::200e", "2003::1"]  # fmt: skip


@pytest.mark.parametrize("address", [address for addresses in REFUSED.values() for address in addresses])
def test_a_special_address_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("network", [*NOT_PUBLIC_V4, *NOT_PUBLIC_V6])
def test_no_end_of_a_special_network_is_public(network: str) -> None:
    parsed = ipaddress.ip_network(network)

    assert not is_public(parsed[0])
    assert not is_public(parsed[-1])


@pytest.mark.parametrize("address", PUBLIC)
def test_an_ordinary_address_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(ip_addresses())
def test_whatever_python_knows_to_be_special_is_not_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    special = address.is_private or address.is_multicast or address.is_reserved or address.is_unspecified

    assert not (is_public(address) and (special or not address.is_global))


@given(ip_addresses(v=4))
def test_no_address_of_ipv4_becomes_public_inside_of_one_of_ipv6(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    carried = [number, 0xFFFF << 32 | number, 0x0064FF9B << 96 | number, 0x0064FF9B0001 << 80 | number]
    carried += [
        0x2002 << 112 | number << 80 | 1,
        0x20010000 << 96 | number << 64,
        0x20010000 << 96 | number ^ 0xFFFFFFFF,
    ]

    assert [one for one in map(ipaddress.IPv6Address, carried) if is_public(one)] == []


ODD = ["2130706433", "0x7f000001", "0x7f.0.0.1", "0X7F.1", "0177.0.0.1", "127.1", "127.0.1", "127.0.0.1.", "1.2.3.4.5",
       "017700000001", "8", "fe80::1%eth0", "2606:4700::1%25lo", "300.1.1.1", "0x", "example.0x1",
       "0x7f。1", "127。1"]  # fmt: skip


@pytest.mark.parametrize("host", ODD)
async def test_an_address_in_unusual_notation_is_refused_before_it_is_looked_up(host: str, names: "Names") -> None:
    with pytest.raises(AddressRefused) as refused:
        await OUTSIDE.resolve(host)

    assert "127.0.0.1" not in str(refused.value).replace(host, "")
    assert names.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "hooks.example", "1x.example", "a.0x.example", "2606:4700::1111", "x1."])
def test_ordinary_notation_is_not_unusual(host: str) -> None:
    assert not is_odd_literal(host)


class Names:
    """The only resolver of a test. Each look-up of a name takes its next answer, and the last stays."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._answers: dict[str, list[Sequence[str]]] = {}

    def give(self, name: str, *answers: Sequence[str]) -> None:
        self._answers[name] = list(answers)

    def getaddrinfo(self, host: str, port: int | None, **_how: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        answers = self._answers.get(host) or [[host]]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        with suppress(ValueError):
            families = [ipaddress.ip_address(address).version for address in addresses]
            return [
                (socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port))
                for family, address in zip(families, addresses, strict=True)
            ]
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names()
    monkeypatch.setattr(resolving, "getaddrinfo", names.getaddrinfo)
    return names


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


Certified = Callable[[str], ssl.SSLContext]


@pytest.fixture
def certified(authority: trustme.CA) -> Certified:
    def make(name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        return context

    return make


@pytest.fixture
def first_loopback_counts_as_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may leave this machine: 127.0.0.1 plays the public address, and 127.0.0.2 stays a private one."""
    monkeypatch.setattr(guard, "is_public", lambda address: str(address) == "127.0.0.1")


async def fetch(network: Network, url: str, trusting: ssl.SSLContext | None = None) -> httpx.Response:
    async with network.http_client(timeout=5, tls=trusting) as client:
        return await client.post(url, content=b"hello")


@pytest.mark.parametrize("address", [address for addresses in REFUSED.values() for address in addresses[:1]])
async def test_a_name_that_leads_inside_is_refused_and_the_address_not_told(address: str, names: Names) -> None:
    names.give("hooks.example", [address])

    with pytest.raises(AddressRefused) as refused:
        await OUTSIDE.connect("hooks.example", 80, timeout=5)
    with pytest.raises(httpx.ConnectError) as no_connection:
        await fetch(OUTSIDE, "http://hooks.example/")

    assert str(refused.value) == str(no_connection.value) == "hooks.example leads into a private or special network"


async def test_one_record_that_leads_inside_is_enough(names: Names) -> None:
    names.give("hooks.example", ["1.1.1.1", "2606:4700:4700::1111", "10.0.0.1"])

    with pytest.raises(AddressRefused):
        await OUTSIDE.resolve("hooks.example")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "127。0。0。1"])
async def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    async with Receiver() as receiver:
        with pytest.raises(httpx.ConnectError):
            await fetch(OUTSIDE, f"http://{host}:{receiver.port}/")

    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1"])
async def test_the_resolver_of_this_machine_is_not_asked_about_odd_literals(host: str) -> None:
    async with Receiver() as receiver:
        with pytest.raises(httpx.ConnectError, match="unusual notation"):
            await fetch(OUTSIDE, f"http://{host}:{receiver.port}/")

    assert receiver.connections == 0


@pytest.mark.usefixtures("first_loopback_counts_as_public")
async def test_a_name_that_is_rebound_after_the_check_leads_where_it_was_checked(names: Names) -> None:
    names.give("rebound.example", ["127.0.0.1"], ["127.0.0.2"])
    async with Receiver() as checked, Receiver(host="127.0.0.2") as inside:
        inside.port = checked.port
        answer = await fetch(OUTSIDE, f"http://rebound.example:{checked.port}/")

        assert answer.status_code == 200
        assert (names.asked, len(checked.requests), inside.connections) == (["rebound.example"], 1, 0)
        # And the next connection is checked anew.
        with pytest.raises(httpx.ConnectError, match="private"):
            await fetch(OUTSIDE, f"http://rebound.example:{checked.port}/")


@pytest.mark.usefixtures("first_loopback_counts_as_public")
async def test_tls_keeps_the_name_while_the_connection_goes_to_the_address(
    names: Names, certified: Certified, trusting: ssl.SSLContext
) -> None:
    greeted: list[str | None] = []
    server = certified("hooks.example")
    server.sni_callback = lambda _socket, name, _context: greeted.append(name)
    names.give("hooks.example", ["127.0.0.1"])
    names.give("hooks.example.", ["127.0.0.1"])
    async with Receiver(tls=server) as receiver:
        for host in ("hooks.example", "hooks.example."):
            await fetch(OUTSIDE, f"https://{host}:{receiver.port}/path?query=1", trusting)

    assert greeted == ["hooks.example", "hooks.example"]
    assert [request.headers["host"].removesuffix(f":{receiver.port}") for request in receiver.requests] == [
        "hooks.example",
        "hooks.example.",
    ]
    assert [(request.target, request.body) for request in receiver.requests] == [("/path?query=1", b"hello")] * 2


@pytest.mark.usefixtures("first_loopback_counts_as_public")
async def test_a_certificate_of_another_name_or_authority_is_refused(
    names: Names, certified: Certified, trusting: ssl.SSLContext
) -> None:
    names.give("hooks.example", ["127.0.0.1"])
    async with Receiver(tls=certified("other.example")) as receiver:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await fetch(OUTSIDE, f"https://hooks.example:{receiver.port}/", trusting)
    async with Receiver(tls=certified("hooks.example")) as receiver:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await fetch(OUTSIDE, f"https://hooks.example:{receiver.port}/")


def test_whom_to_trust_is_read_once_for_all_and_again_when_the_environment_names_others(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = ANYWHERE.tls()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    assert OUTSIDE.tls() is ANYWHERE.tls()
    assert ANYWHERE.tls() is not usual
    assert len(ANYWHERE.tls().get_ca_certs()) == 1


@pytest.mark.usefixtures("first_loopback_counts_as_public")
async def test_a_name_in_another_script_is_looked_up_in_its_ascii_form(names: Names) -> None:
    names.give("xn--bcher-kva.example", ["127.0.0.1"])
    async with Receiver() as receiver:
        await fetch(OUTSIDE, f"http://bücher.example:{receiver.port}/")
        (await OUTSIDE.connect("bücher.example", receiver.port, timeout=5)).close()

    assert names.asked == ["xn--bcher-kva.example"] * 2


@pytest.mark.parametrize("network", [ANYWHERE, OUTSIDE])
@pytest.mark.usefixtures("first_loopback_counts_as_public")
async def test_a_redirect_is_not_followed_and_no_cookie_kept(network: Network) -> None:
    async with Receiver() as elsewhere, Receiver() as receiver:
        receiver.otherwise = Answer(302, {"Location": elsewhere.url, "Set-Cookie": "seen=1"})
        async with network.http_client(timeout=5, headers={"X-Sent": "always"}) as client:
            answers = [await client.get(receiver.url), await client.get(receiver.url)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert elsewhere.connections == 0
    assert ["cookie" in request.headers for request in receiver.requests] == [False, False]
    assert [request.headers["x-sent"] for request in receiver.requests] == ["always", "always"]


@pytest.mark.usefixtures("first_loopback_counts_as_public")
async def test_a_proxy_of_the_environment_serves_the_operator_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with Receiver() as proxy, Receiver() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        await fetch(OUTSIDE, receiver.url)
        assert (proxy.connections, receiver.connections) == (0, 1)
        await fetch(ANYWHERE, receiver.url)
        assert (proxy.connections, receiver.connections) == (1, 1)


@pytest.mark.parametrize("network", [ANYWHERE, OUTSIDE])
@pytest.mark.parametrize("url", ["ftp://hooks.example/", "file:///etc/passwd", "unix:///run/x.sock"])
async def test_only_http_is_spoken(network: Network, url: str) -> None:
    with pytest.raises((httpx.UnsupportedProtocol, httpx.InvalidURL)):
        await fetch(network, url)


@pytest.mark.usefixtures("first_loopback_counts_as_public")
async def test_a_connection_is_used_again_and_its_errors_are_those_of_httpx() -> None:
    async with Receiver() as receiver, OUTSIDE.http_client(timeout=0.3) as client:
        receiver.answer(Answer(body=b"one"), Answer(body=b"two"), Answer(close_early=True), Answer(delay_seconds=60))
        assert [(await client.get(receiver.url)).text for _ in range(2)] == ["one", "two"]
        assert receiver.connections == 1

        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(receiver.url)
        with pytest.raises(httpx.ReadTimeout):
            await client.get(receiver.url)


async def test_a_private_network_that_is_allowed_is_reached(names: Names) -> None:
    names.give("inside.example", ["127.0.0.1"])
    async with Receiver() as receiver:
        connected = await ANYWHERE.connect("inside.example", receiver.port, timeout=5)
        assert connected.getpeername() == ("127.0.0.1", receiver.port)
        connected.close()


@pytest.mark.usefixtures("first_loopback_counts_as_public")
async def test_a_dead_address_does_not_hide_the_living_one(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "is_public", lambda _address: True)
    names.give("hooks.example", ["127.0.0.2", "127.0.0.1"])
    async with Receiver() as receiver:
        (await OUTSIDE.connect("hooks.example", receiver.port, timeout=5)).close()
        assert (await fetch(OUTSIDE, f"http://hooks.example:{receiver.port}/")).status_code == 200


async def test_a_name_that_is_not_there_is_no_refusal(names: Names) -> None:
    names.give("gone.example", ["not an address"])

    with pytest.raises(socket.gaierror):
        await OUTSIDE.connect("gone.example", 80, timeout=5)
    with pytest.raises(httpx.ConnectError, match="not known"):
        await fetch(OUTSIDE, "http://gone.example/")


class Hanging:
    """A resolver whose look-ups of `hangs.example` do not end before they are let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = 0

    def getaddrinfo(self, host: str, port: int | None, **_how: object) -> list[tuple[object, ...]]:
        if host.startswith("hangs"):
            self.asked += 1
            self.let_go.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    hanging = Hanging()
    monkeypatch.setattr(resolving, "getaddrinfo", hanging.getaddrinfo)
    yield hanging
    hanging.let_go.set()
    for thread in threading.enumerate():
        if thread.name == "look-up":
            thread.join(30)


async def test_a_look_up_that_hangs_is_given_up(hanging: Hanging) -> None:
    with pytest.raises(TimeoutError):
        await ANYWHERE.connect("hangs.example", 80, timeout=0.05)
    for network in (ANYWHERE, OUTSIDE):
        async with network.http_client(timeout=0.05) as client:
            with pytest.raises(httpx.ConnectTimeout):
                await client.get("http://hangs.example/")

    assert hanging.asked == 1


async def test_look_ups_that_hang_delay_no_other(hanging: Hanging) -> None:
    waiting = [asyncio.create_task(ANYWHERE.resolve(f"hangs{number}.example")) for number in range(100)]
    again = [asyncio.create_task(ANYWHERE.resolve("hangs0.example")) for _ in range(3)]
    async with asyncio.timeout(10):
        assert await ANYWHERE.resolve("hooks.example") == ["127.0.0.1"]
        again[0].cancel()
        hanging.let_go.set()
        found = await asyncio.gather(*waiting, *again, return_exceptions=True)

    assert hanging.asked == 100
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [False] * 100 + [True, False, False]


async def test_look_ups_that_hang_do_not_grow_without_end(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "MOST_AT_ONCE", 2)
    waiting = [asyncio.create_task(ANYWHERE.resolve(f"hangs{number}.example")) for number in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(socket.gaierror, match="too many look-ups hang"):
        await ANYWHERE.resolve("hooks.example")
    hanging.let_go.set()
    await asyncio.gather(*waiting)
    assert await ANYWHERE.resolve("hooks.example") == ["127.0.0.1"]
