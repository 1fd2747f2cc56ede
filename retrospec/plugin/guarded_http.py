"""HTTP over connections that somebody else chooses the addresses of."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Self

import httpcore
import httpx

from retrospec.plugin.racing import first_of

Resolve = Callable[[str], Awaitable[Sequence[str]]]


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects only to addresses that `resolve` gives.

    httpx has no way to hand a network backend to its own transport, so this is one on httpcore's public classes. The
    name stays in the URL: the `Host` header, the name in the TLS greeting and the name that is looked for in the
    certificate come from there, and only the connection goes to the address.
    """

    def __init__(self, resolve: Resolve, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=_Backend(resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Args:
            request: As the client made it.

        Raises:
            httpx.TransportError: Not answered; `httpx.ConnectError` where `resolve` refused.
        """
        url = request.url
        extensions = dict(request.extensions)
        if url.host.endswith("."):
            # A name with a dot at its end is the same name, but no certificate has it so (RFC 6066, 3).
            extensions["sni_hostname"] = url.raw_host.decode("ascii").removesuffix(".")
        if not isinstance(request.stream, httpx.AsyncByteStream):
            raise TypeError("the body of a request of an asynchronous client must be asynchronous")
        with _in_words_of_httpx():
            answer = await self._pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=extensions,
                )
            )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        with _in_words_of_httpx():
            await self._pool.__aexit__(exc_type, exc_value, traceback)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _in_words_of_httpx():
            async for piece in self._answer.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        """Leave the rest of it unread."""
        with _in_words_of_httpx():
            await self._answer.aclose()


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to an address that the host was allowed for."""
        connect = partial(
            self._inner.connect_tcp, port=port, local_address=local_address, socket_options=socket_options
        )
        try:
            async with asyncio.timeout(timeout):
                return await first_of(await self._resolve(host), connect)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("no connection in time") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse."""
        raise httpcore.ConnectError("no socket of this machine is connected to")

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore does between attempts."""
        await asyncio.sleep(seconds)


@contextmanager
def _in_words_of_httpx() -> Iterator[None]:
    """Both libraries call each error by the same name."""
    try:
        yield
    except (
        httpcore.ConnectionNotAvailable,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.TimeoutException,
        httpcore.UnsupportedProtocol,
    ) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise kind(str(error)) from error
