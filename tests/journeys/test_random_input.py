"""Whatever arrives: no request gets a 500 or no answer, and both databases take and give back the same."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.client import Client, Json
from tests.journeys.conftest import OnBoth

INGEST, UPLOAD = "/v1/ingest/session", "/v1/artifacts/session-events"
SESSION: Json = {
    "session": {
        "id": "s1",
        "site": "shop.example",
        "route": "/checkout",
        "startedAt": "2026-03-04T05:06:07.890123Z",
        "durationMs": 4200,
        "userId": "u1",
        "release": "1.2.3",
        "environment": "production",
        "tags": {"plan": "pro", "seats": 3, "trial": False, "ratio": 0.5, "none": None},
    },
    "markers": [
        {
            "id": "m1",
            "clusterKey": "hint",
            "label": "It broke",
            "evidence": "at x",
            "replayOffsetMs": 900,
            "kind": "api_error",
        }
    ],
}
RECORDING: Json = {
    "sessionId": "s1",
    "site": "shop.example",
    "events": [{"type": 3, "data": {"source": 5, "text": "a"}, "timestamp": 1700000000000}, {"type": 5, "data": {}}],
}
# What breaks parsers, keys, times, columns and paths.
SPICES: tuple[bytes, ...] = (
    *(b"NaN", b"-0", b"1e400", b"1E-400", b"9" * 400, b"1.0", b"18446744073709551616", b"-9223372036854775809"),
    *(
        rb'"\u0000"',
        rb'"\ud800"',
        rb'"\ud83d\ude00"',
        b"\xff",
        b"\xed\xa0\x80",
        b"\0",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
    ),
    *(b'"', b"\\", b"null", b"true", b"{}", b"[[]]", b'{"a":1,"a":2}', b'"9999-12-31T23:59:59.999999Z"', b'" "', b'""'),
    *(b'"0001-01-01T00:00:00Z"', b'"2026-03-04T05:06:07+23:59"', b'"../.."', b'"%00"', b'"' + b"x" * 3000 + b'"'),
)
NUMBERS = st.integers() | st.floats() | st.integers(-(2**70), 2**70)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ["", " ", "\0", "\u2028", "😀" * 600, "constructor"]
)
RANDOM = settings(
    max_examples=90,
    # The same on every run: a test that fails now and then is looked into by nobody.
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [path, *(place for name, one in inner for place in _places(one, (*path, name)))]


@st.composite
def reshaped(draw: st.DrawFn, valid: Json) -> bytes:
    """A valid body with something else in up to three places, or one thing more."""
    changed: Any = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_places(changed)[1:] or [()]))
        inner = changed
        for name in place[:-1]:
            inner = inner[name]
        if not place:
            return json.dumps(draw(VALUES)).encode()
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                inner[place[-1]] = draw(VALUES)
            case "remove":
                del inner[place[-1]]
            case "add" if isinstance(inner, dict):
                inner[draw(TEXTS)] = draw(VALUES)
            case _:
                inner.append(draw(VALUES))
    return json.dumps(changed, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")


@st.composite
def mangled(draw: st.DrawFn, valid: Json) -> bytes:
    """A valid body with bytes taken out, put in or written over."""
    body = json.dumps(valid).encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 30)))
        body = body[:start] + draw(st.sampled_from(SPICES) | st.binary(max_size=8)) + body[end:]
    return body


def told(answer: httpx.Response) -> tuple[object, ...]:
    """What an answer says, without what differs from one server to another."""
    if answer.is_success:
        return (answer.status_code,)
    said = answer.json()
    return answer.status_code, said["code"], said["error"], said.get("detail", "")


async def stored(client: Client) -> object:
    """The session as it is read back, without the times that the server adds."""
    answer = await client.http.get("/v1/sessions/s1")
    if not answer.is_success:
        return answer.status_code
    session = answer.json()["session"]
    markers = [{name: marker[name] for name in marker.keys() - {"observedAt"}} for marker in session["markers"]]
    kept = session.keys() - {"createdAt", "startedAt", "reportCard", "eventsObjectKey"}
    return {**{name: session[name] for name in kept}, "markers": markers}


def examples(bodies: st.SearchStrategy[bytes]) -> list[bytes]:
    """Made before the first is sent, so that both databases get the same."""
    made: list[bytes] = []

    @given(bodies)
    @RANDOM
    def collect(body: bytes) -> None:
        made.append(body)

    collect()
    return made


@pytest.mark.parametrize(
    ("path", "bodies"),
    [
        (INGEST, reshaped(SESSION)),
        (INGEST, mangled(SESSION)),
        (UPLOAD, reshaped(RECORDING)),
        (UPLOAD, mangled(RECORDING)),
    ],
    ids=["ingest reshaped", "ingest mangled", "upload reshaped", "upload mangled"],
)
async def test_it_is_taken_or_refused_alike_on_both_databases(
    on_both: OnBoth[list[object]], path: str, bodies: st.SearchStrategy[bytes]
) -> None:
    made = examples(bodies)

    async def run(client: Client) -> list[object]:
        found: list[object] = []
        for body in made:
            answer = await client.http.post(path, content=body)
            assert answer.status_code in {201, 202, 400, 413}, (body, answer.text)
            found.append((body, told(answer), await stored(client) if answer.status_code == 202 else None))
        return found

    lite, postgres = await on_both(run)

    assert len(made) >= 60
    assert [pair for pair in zip(lite, postgres, strict=True) if pair[0] != pair[1]] == []


async def test_metadata_of_feedback_is_given_back_alike_and_as_it_was_answered(on_both: OnBoth[list[object]]) -> None:
    made = examples(st.builds(lambda value: json.dumps({"kind": "invalid", "metadata": {"a": value}}).encode(), VALUES))

    async def run(client: Client) -> list[object]:
        path = f"/v1/issues/{await client.issue()}/feedback"
        found: list[object] = []
        for body in made:
            answer = await client.http.post(path, content=body)
            assert answer.status_code in {202, 400}, (body, answer.text)
            if answer.status_code == 202:
                (listed,) = (await client.get(path, limit=1))["events"]
                assert listed == answer.json()["feedback"], body
                found.append((body, listed["metadata"]))
            else:
                found.append((body, told(answer)))
        return found

    lite, postgres = await on_both(run)

    assert [pair for pair in zip(lite, postgres, strict=True) if pair[0] != pair[1]] == []
