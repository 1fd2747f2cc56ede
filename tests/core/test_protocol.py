"""The short ways of a conversation lead to the same bytes as Sanic's own."""

from types import SimpleNamespace
from typing import Any

import pytest
from sanic import HTTPResponse
from sanic.http import Http
from sanic.http.constants import Stage

from retrospec.core.protocol import Conversation


async def sent(kind: type[Http], response: HTTPResponse, *, head_only: bool = False, keep_alive: bool = True) -> bytes:
    out = bytearray()

    async def send(data: bytes) -> None:
        out.extend(data)

    app = SimpleNamespace(dispatch=None)
    protocol: Any = SimpleNamespace(
        send=send, receive_more=None, recv_buffer=bytearray(), app=app, request_max_size=1, access_log=False
    )
    conversation: Any = kind(protocol)
    conversation.init_for_request()
    conversation.request = SimpleNamespace(path="/")
    conversation.head_only, conversation.keep_alive, conversation.stage = head_only, keep_alive, Stage.HANDLER
    conversation.response_func = conversation.http1_response_header
    conversation.respond(response)
    await response.send(end_stream=True)
    assert conversation.stage is Stage.IDLE
    # What Sanic writes while it does not know that it speaks one version of HTTP only.
    return bytes(out).replace(b"alt-svc: \r\n", b"")


ANSWERS = {
    "JSON": {"body": b"{}", "status": 202, "content_type": "application/json"},
    "a text": {"body": "\xe4", "content_type": "text/plain"},
    "nothing": {"body": b"", "content_type": "text/plain"},
    "no content": {"status": 204},
    "an error": {"body": b"{}", "status": 503, "headers": {"Retry-After": "1", "Vary": "Origin"}},
    "a type among the headers": {"body": b"{}", "headers": {"Content-Type": "a/b"}, "content_type": "c/d"},
    "a number": {"body": b"{}", "headers": {"X-Count": 5}, "content_type": "c/d"},
    "a length": {"body": b"{}", "headers": {"Content-Length": "99"}, "content_type": "c/d"},
    "bytes that are no UTF-8": {"body": b"{}", "headers": {"X-A": "\udcff\xe4"}, "content_type": "c/d"},
    "a line end in a value": {"body": b"{}", "headers": {"X-A": "b\r\nX-B: c"}, "content_type": "c/d"},
    "half a line end": {"body": b"{}", "headers": {"X-A": "b\nX-B: c"}, "content_type": "c/d"},
    "a line end in a name": {"body": b"{}", "headers": {"X-A: b\r\nX-B": "c"}, "content_type": "c/d"},
    "a NUL": {"body": b"{}", "headers": {"X-A": "b\0"}, "content_type": "c/d"},
}


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("head_only", [True, False])
@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_is_sent_as_sanic_sends_it(name: str, head_only: bool, keep_alive: bool) -> None:
    manner = {"head_only": head_only, "keep_alive": keep_alive}

    ours = await sent(Conversation, HTTPResponse(**ANSWERS[name]), **manner)  # type: ignore[arg-type]

    assert ours == await sent(Http, HTTPResponse(**ANSWERS[name]), **manner)  # type: ignore[arg-type]
    assert b"\r\nX-B" not in ours
