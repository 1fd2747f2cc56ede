"""Bad input gets a clear 400, 413 or 415, the same on both databases, and nothing of it is written."""

import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from retrospec.app import endpoints
from retrospec.core.routing import Endpoint
from tests.client import ADMIN, INTERNAL, Client, Json, marker
from tests.journeys.bad_bodies import BODIES, VALUES, wrong_types
from tests.journeys.conftest import OnBoth
from tests.journeys.holdings import holdings
from tests.journeys.wire import ask, chunks, head, request

INGEST, UPLOAD = "/v1/ingest/session", "/v1/artifacts/session-events"
SESSION = "s-there"
OPERATOR = {"X_Retrospec_Admin": ADMIN, "X_Retrospec_Internal": INTERNAL}
VALID_INGEST: Json = {"session": {"id": SESSION, "site": "x", "tags": {}}, "markers": [{"id": "m1", "label": "x"}]}
SLACK: Json = {
    "name": "a",
    "type": "slack",
    "settings": {"url": "https://hooks.slack.com/services/x"},
    "rules": {"events": ["issue_cluster_promoted"], "kinds": ["api_error"], "sites": ["x"]},
}
RULE: Json = {"name": "a", "match": {"label": {"glob": "x"}}, "action": {"extra": ["x"]}}
VALID_UPLOAD: Json = {"sessionId": SESSION, "site": "x", "events": [{"type": 5, "data": {}, "timestamp": 1}]}


class Case(NamedTuple):
    """One bad request.

    Attributes:
        sent: The request, byte by byte.
        status: What it must get.
        says: What error and detail must match.
    """

    sent: bytes
    status: int
    says: str


class Answered(NamedTuple):
    """What came of some cases on one database, and whether anything was written."""

    told: Mapping[str, tuple[int, str, str, str]]
    changed: Sequence[str]


def post(path: str, body: bytes, **headers: str | int) -> bytes:
    """A POST with the operator's keys."""
    return request("POST", path, body, **OPERATOR, **headers)


async def fill(client: Client) -> None:
    """Have something there that a bad request could spoil."""
    await client.recorded(SESSION, marker("m1"))
    await client.recorded("s-other", marker("m1"))


async def answers(client: Client, cases: Mapping[str, Case]) -> Answered:
    """Send each case on a connection of its own."""
    await fill(client)
    before = await holdings(client)
    told = {name: (await ask(client.url, case.sent)).told for name, case in cases.items()}
    after = await holdings(client)
    return Answered(told, [table for table in before if before[table] != after[table]])


def mistakes(answered: Answered, cases: Mapping[str, Case]) -> dict[str, object]:
    """Where an answer is not as it must be."""
    return {
        name: told
        for name, told in answered.told.items()
        if told[0] != cases[name].status or not re.search(cases[name].says, f"{told[2]} {told[3]}") or not told[1]
    }


async def check(on_both: OnBoth[Answered], cases: Mapping[str, Case], **settings: object) -> None:
    async def run(client: Client) -> Answered:
        return await answers(client, cases)

    lite, postgres = await on_both(run, **settings)

    assert mistakes(lite, cases) == {}
    assert lite == postgres
    assert lite.changed == []


def value_cases() -> dict[str, Case]:
    """Every bad value at every depth of both bodies."""
    places: dict[str, tuple[str, str]] = {
        "envelope": (INGEST, '{"more":@,"session":{"id":"s-there"}}'),
        "session": (INGEST, '{"session":{"id":"s-there","more":@}}'),
        "route": (INGEST, '{"session":{"id":"s-there","route":@}}'),
        "tag": (INGEST, '{"session":{"id":"s-there","tags":{"a":@}}}'),
        "duration": (INGEST, '{"session":{"id":"s-there","durationMs":@}}'),
        "marker": (INGEST, '{"session":{"id":"s-there"},"markers":[{"id":"m9","more":@}]}'),
        "upload": (UPLOAD, '{"sessionId":"s-there","more":@,"events":[]}'),
        "site": (UPLOAD, '{"sessionId":"s-there","events":[],"site":@}'),
        "event": (UPLOAD, '{"sessionId":"s-there","events":[{"type":3,"data":{"a":@}}]}'),
        "second event": (UPLOAD, '{"sessionId":"s-there","events":[{"type":3},{"data":@}]}'),
    }
    return {
        f"{value} in {place}": Case(post(path, before.encode() + raw + after.encode()), 400, says)
        for place, (path, body) in places.items()
        for before, after in [body.split("@")]
        for value, (raw, says) in VALUES.items()
    }


def body_cases() -> dict[str, Case]:
    """Bodies that are no JSON object, or one that is cut off."""
    cases = {
        f"{name} to {path}": Case(post(path, body), 400, f"invalid payload .*({says})")
        for path in (INGEST, UPLOAD)
        for name, (body, says) in BODIES.items()
    }
    for path, valid in ((INGEST, VALID_INGEST), (UPLOAD, VALID_UPLOAD)):
        whole = json.dumps(valid).encode()
        for length in range(1, len(whole), 7):
            cases[f"{length} bytes of {path}"] = Case(post(path, whole[:length]), 400, "invalid payload .")
    return cases


def twice_cases() -> dict[str, Case]:
    """A name that stands twice in one object, wherever."""
    bodies = {
        "session": (INGEST, '{"session":{"id":"s-there"},"session":{"id":"s-there"}}'),
        "markers": (INGEST, '{"session":{"id":"s-there"},"markers":[],"markers":[]}'),
        "id": (INGEST, '{"session":{"id":"s-there","id":"s-else"}}'),
        "label": (INGEST, '{"session":{"id":"s-there"},"markers":[{"label":"a","label":"b"}]}'),
        "events": (UPLOAD, '{"sessionId":"s-there","events":[],"events":[{}]}'),
        "sessionId": (UPLOAD, '{"sessionId":"s-there","sessionId":"s-else","events":[]}'),
        "type": (UPLOAD, '{"sessionId":"s-there","events":[{"type":3,"type":4}]}'),
    }
    return {
        f"{name} twice": Case(post(path, body.encode()), 400, f"'{name}' stands twice")
        for name, (path, body) in bodies.items()
    }


def field_cases() -> dict[str, Case]:
    """Values of the right type that cannot be."""
    sessions: dict[str, tuple[Any, str]] = {
        "negative duration": ({"durationMs": -1}, "session.durationMs must not be negative"),
        "endless duration": ({"durationMs": 2**53}, "session.durationMs"),
        "duration beyond exactness": ({"durationMs": 2**54}, r"\$\.session\.durationMs"),
        "time without zone": ({"startedAt": "2026-01-01T00:00:00"}, r"\$\.session\.startedAt"),
        "time that is none": ({"startedAt": "2026-02-30T00:00:00Z"}, r"\$\.session\.startedAt"),
        "day only": ({"startedAt": "2026-02-03"}, r"\$\.session\.startedAt"),
        "year 1": ({"startedAt": "0001-01-01T00:00:00Z"}, "session.startedAt lies outside"),
        "year 1 in the east": ({"startedAt": "0001-01-01T00:00:00+14:00"}, "session.startedAt lies outside"),
        "year 9999": ({"startedAt": "9999-12-31T23:59:59-12:00"}, "session.startedAt lies outside"),
        "65 tags": ({"tags": {str(number): 1 for number in range(65)}}, r"\$\.session\.tags"),
        "foreign key": ({"eventsObjectKey": "session-events/proj_other/a.json"}, "session.eventsObjectKey"),
        "climbing key": (
            {"eventsObjectKey": "session-events/proj_default/../proj_other/a.json"},
            "session.eventsObjectKey",
        ),
        "absolute key": ({"eventsObjectKey": "/session-events/proj_default/a.json"}, "session.eventsObjectKey"),
        "long key": ({"eventsObjectKey": "session-events/proj_default/" + "a" * 2000}, "session.eventsObjectKey"),
        "key of a folder": ({"eventsObjectKey": "session-events/proj_default/"}, "session.eventsObjectKey"),
    }
    cases = {
        name: Case(post(INGEST, json.dumps({"session": {"id": SESSION, **fields}}).encode()), 400, says)
        for name, (fields, says) in sessions.items()
    }
    long_id = json.dumps({"session": {"id": SESSION}, "markers": [{"id": "m" * 129}]}).encode()
    cases["long marker id"] = Case(post(INGEST, long_id), 400, r"\$\.markers\[0\]\.id")
    many = json.dumps({"session": {"id": SESSION}, "markers": [{}] * 1001}).encode()
    cases["1,001 markers"] = Case(post(INGEST, many), 413, "1001 are more than 1000")
    return cases


def session_id_cases() -> dict[str, Case]:
    """Session ids that would leave their place, or fit no column."""
    odd = ["..", ".", "../../x", "..\\x", "a/b", "/etc/passwd", "~/x", "C:\\x", "%2e%2e", "..%2f..", "a%2fb", "x" * 129]
    odd += [" ", "a b", "a\tb", "ä", "😀", "a\u2028b", "a\u202eb", *(f"a{sign}b" for sign in "?#,*'\";|&=+()<>[]{}$!")]
    return {
        f"{ident!r} to {path}": Case(post(path, json.dumps(body).encode()), 400, f"{field} must be 1-128 characters")
        for ident in odd
        for path, body, field in (
            (INGEST, {"session": {"id": ident}}, r"session\.id"),
            (UPLOAD, {"sessionId": ident, "events": []}, "sessionId"),
        )
    }


def encoding_cases() -> dict[str, Case]:
    """Content encodings that lie."""
    body = json.dumps(VALID_UPLOAD).encode()
    packed = gzip.compress(body)
    broken = bytearray(packed)
    broken[len(packed) // 2] ^= 0xFF
    wrong_sum = packed[:-8] + bytes(8)
    encoded: dict[str, tuple[bytes, str, int, str]] = {
        "plain as gzip": (body, "gzip", 400, "not valid gzip"),
        "zlib as gzip": (zlib.compress(body), "gzip", 400, "not valid gzip"),
        "gzip as plain": (packed, "identity", 400, "invalid payload"),
        "cut gzip": (packed[:-9], "gzip", 400, "cut off"),
        "gzip of one byte": (packed[:1], "gzip", 400, "cut off"),
        "broken gzip": (bytes(broken), "gzip", 400, "not valid gzip"),
        "gzip with a wrong checksum": (wrong_sum, "gzip", 400, "not valid gzip"),
        "gzip and more": (packed + b"more", "gzip", 400, "not valid gzip"),
        "gzip of gzip": (gzip.compress(packed), "gzip", 400, "invalid payload"),
        "plain as zstd": (body, "zstd", 400, "not valid zstd"),
        "brotli": (body, "br", 415, "Content-Encoding 'br' is not one of"),
        "deflate": (zlib.compress(body), "deflate", 415, "Content-Encoding 'deflate'"),
        "two encodings": (gzip.compress(packed), "gzip, gzip", 415, "Content-Encoding 'gzip, gzip'"),
        "a made-up encoding": (body, "x" * 300, 415, "Content-Encoding"),
        "a gzip bomb": (BOMB, "gzip", 413, "more than"),
    }
    return {
        f"{name} to {path}": Case(post(path, data, Content_Encoding=encoding), status, says)
        for path in (INGEST, UPLOAD)
        for name, (data, encoding, status, says) in encoded.items()
    }


def _bomb() -> bytes:
    """200 MiB of zeros in 204 kB."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(2**20)) for _ in range(200)), packer.flush()])


BOMB = _bomb()


LENGTHS: dict[str, str | int] = {
    "negative": -5,
    "no number": "many",
    "empty": "",
    "hex": "0x10",
    "with an underscore": "1_0",
    "with a plus": "+10",
    "twice in one": "60, 60",
    "of 5,000 digits": "9" * 5000,
}
CHUNKS: dict[str, tuple[bytes, str]] = {
    "a chunk of no size": (b"zz\r\n{}\r\n0\r\n\r\n", "chunk"),
    "a chunk of negative size": (b"-2\r\n{}\r\n0\r\n\r\n", "chunk"),
    "a chunk larger than its size": (b"1\r\n{}\r\n0\r\n\r\n", "invalid payload|chunk"),
    "a trailer": (b"2\r\n{}\r\n0\r\nX-More: 1\r\n\r\n", "chunk"),
    "a size without end": (b"1" * 5000, "chunk"),
}


def length_cases() -> dict[str, Case]:
    """Lengths that lie, and chunks that are none."""
    cases: dict[str, Case] = {}
    for path, valid in ((INGEST, VALID_INGEST), (UPLOAD, VALID_UPLOAD)):
        body = json.dumps(valid).encode()
        sized = head("POST", path, Content_Length=len(body))
        both = head("POST", path, Content_Length=len(body), Transfer_Encoding="chunked")
        chunked = head("POST", path, Transfer_Encoding="chunked")
        made = {
            "a terabyte": Case(head("POST", path, Content_Length=2**40) + body, 413, "more than|larger than"),
            "too short": Case(request("POST", path, body, Content_Length=len(body) - 5), 400, "invalid payload"),
            "two": Case(sized.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + body, 400, "Bad Request"),
            "length and chunks": Case(both + chunks(body), 400, "Bad Request"),
            "gzip chunks": Case(head("POST", path, Transfer_Encoding="gzip") + body, 400, "content-length"),
            **{
                f"length {name}": Case(head("POST", path, Content_Length=length) + body, 400, "content-length")
                for name, length in LENGTHS.items()
            },
            **{name: Case(chunked + raw, 400, says) for name, (raw, says) in CHUNKS.items()},
        }
        cases |= {f"{name} to {path}": case for name, case in made.items()}
    return cases


@pytest.mark.parametrize(
    "cases",
    [value_cases, body_cases, twice_cases, field_cases, session_id_cases, encoding_cases, length_cases],
    ids=lambda make: make.__name__,
)
async def test_it_is_refused_alike_on_both_databases_and_nothing_is_written(
    on_both: OnBoth[Answered], cases: Any
) -> None:
    await check(on_both, cases())


async def test_a_good_request_would_have_been_noticed(client: Client) -> None:
    await fill(client)
    before = await holdings(client)

    taken = [
        await ask(client.url, post(path, json.dumps(body).encode()))
        for path, body in ((INGEST, VALID_INGEST), (UPLOAD, VALID_UPLOAD))
    ]

    assert [reply.status for reply in taken] == [202, 201]
    after = await holdings(client)
    assert {name for name in before if before[name] != after[name]} >= {"sessions", "stored_objects", "files"}


# What the routes with a body take, with the ids that `fill` has made.
VALID: dict[str, Json] = {
    "ingest_session": {"session": {"id": SESSION, "tags": {"a": 1}}, "markers": [{"id": "m9"}]},
    "upload_events": VALID_UPLOAD,
    "set_issue_state": {"state": "resolved"},
    "give_issue_feedback": {"kind": "invalid"},
    "merge_issues": {"targetClusterKey": "x", "sourceClusterKeys": ["y"]},
    "split_issue": {"sessionIds": [SESSION]},
    "report_replay": {
        "projectId": "proj_default",
        "sessionId": SESSION,
        "artifactKey": "k",
        "windows": [{"startMs": 0, "endMs": 1}],
    },
    "report_analysis": {"projectId": "proj_default", "sessionId": SESSION},
    "create_project": {"name": "a", "site": "b", "label": "c"},
    "change_project": {"name": "a", "allowedOrigins": ["*"]},
    "create_key": {"label": "a"},
    "purge_dead_letters": {"queue": "replay"},
    "redrive_dead_letters": {"queue": "replay"},
    "explain_marker": {"label": "x"},
    "create_clustering_rule": RULE,
    "change_clustering_rule": RULE,
    "create_sink": SLACK,
    "change_sink": {"name": "b", "settings": {}, "rules": SLACK["rules"]},
}


def path_of(endpoint: Endpoint) -> str:
    """The path of a route, with ids of what is there."""
    known = {
        "cluster_key": "api_error:07a56145f9c73c55",
        "session_id": SESSION,
        "project_id": "proj_default",
        "sink_id": "snk_there",
        "rule_id": "rule_there",
    }
    return re.sub(r"<(\w+):str>", lambda part: known[part[1]], endpoint.path)


def wrong_type_cases() -> dict[str, Case]:
    """Every field of every body that any route takes, with values of all types that it does not take."""
    cases: dict[str, Case] = {}
    for endpoint in endpoints():
        for wrong in wrong_types(endpoint.body) if endpoint.body else ():
            sent = request(endpoint.method, path_of(endpoint), wrong.body(VALID[endpoint.name]), **OPERATOR)
            says = r"invalid payload .*must be an" if wrong.path == ("events",) else re.escape(wrong.place)
            cases[f"{endpoint.name} {wrong.place} = {wrong.value!r}"] = Case(sent, 400, says)
    return cases


def other_route_cases() -> dict[str, Case]:
    """The bodies that no route takes, to all routes but the two that are examined above."""
    return {
        f"{value} to {endpoint.name}": Case(request(endpoint.method, path_of(endpoint), body, **OPERATOR), 400, says)
        for endpoint in endpoints()
        if endpoint.body and endpoint.name not in {"ingest_session", "upload_events"}
        for value, (body, says) in {
            **{name: (b'{"more":' + raw + b"}", says) for name, (raw, says) in VALUES.items()},
            **{name: case for name, case in BODIES.items() if name not in {"empty", "an empty object"}},
        }.items()
    }


@pytest.mark.parametrize("cases", [wrong_type_cases, other_route_cases], ids=lambda make: make.__name__)
async def test_it_is_refused_by_every_route(on_both: OnBoth[Answered], cases: Any) -> None:
    await check(on_both, cases())


def test_every_route_with_a_body_is_examined() -> None:
    assert {endpoint.name for endpoint in endpoints() if endpoint.body} == VALID.keys()


async def test_what_the_wrong_types_are_put_into_is_taken(client: Client) -> None:
    """Otherwise they would be refused for another reason."""
    await fill(client)
    (issue,) = (await client.get("/v1/issues"))["issues"]
    other = await client.issue(label="GET /api/cart -> 404")
    sink = (await client.post("/v1/alerts/sinks", SLACK | {"name": "c"}))["sink"]["id"]
    rule = (await client.post("/v1/clustering/rules", RULE))["rule"]["id"]
    made = {"api_error:07a56145f9c73c55": issue["key"], "snk_there": sink, "rule_there": rule}
    known = VALID | {"merge_issues": {"targetClusterKey": issue["key"], "sourceClusterKeys": [other]}}

    for endpoint in endpoints():
        if endpoint.body:
            path = path_of(endpoint)
            for name, there in made.items():
                path = path.replace(name, there)
            sent = request(endpoint.method, path, json.dumps(known[endpoint.name]).encode(), **OPERATOR)
            reply = await ask(client.url, sent)
            assert reply.status in {200, 201, 202}, (endpoint.name, reply.told)
