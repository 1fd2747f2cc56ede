"""Reading a session with all that belongs to it."""

from tests.client import Client, MakeClient, marker


async def test_a_session_comes_with_failures_by_offset_and_artifacts_newest_first(make_client: MakeClient) -> None:
    client = await make_client(embedded_worker=False)
    sent = await client.recorded(
        "s-1", marker("b", replayOffsetMs=900), marker("a", replayOffsetMs=900), marker("c", replayOffsetMs=5),
        release="1.2", environment="test", tags={"plan": "pro"},
    )  # fmt: skip
    for kind, at in (("old", "01"), ("new", "03"), ("middle", "02")):
        result = {"projectId": "proj_default", "sessionId": "s-1", "artifactType": kind, "artifactKey": f"x/{kind}"}
        await client.internal("/v1/internal/replay-results", result | {"generatedAt": f"2026-03-{at}T00:00:00Z"}, 202)

    session = (await client.get("/v1/sessions/s-1"))["session"]

    assert [one["id"] for one in session["markers"]] == ["c", "a", "b"]
    assert [one["artifactType"] for one in session["artifacts"]] == ["new", "middle", "old"]
    assert session | {"artifacts": []} == sent["session"]
    assert (session["release"], session["environment"], session["tags"]) == ("1.2", "test", {"plan": "pro"})


async def test_what_is_empty_is_left_out_but_for_lists(client: Client) -> None:
    await client.ingest("s-1")

    session = (await client.get("/v1/sessions/s-1"))["session"]

    assert (session["markers"], session["artifacts"], session["eventsObjectKey"]) == ([], [], "")
    assert not {"reportCard", "release", "environment", "tags"} & session.keys()


async def test_an_unknown_session_is_not_found(client: Client) -> None:
    assert (await client.get("/v1/sessions/none", 404))["error"] == "session not found"


async def test_equal_ids_in_two_projects_are_two_sessions(client: Client) -> None:
    one, other = await client.project("One"), await client.project("Other")
    await one.ingest("s-1", marker("m"), route="/one")

    assert (await other.get("/v1/sessions/s-1", 404))["error"] == "session not found"
    await other.ingest("s-1", route="/other")

    assert (await one.get("/v1/sessions/s-1"))["session"]["route"] == "/one"
    assert (await other.get("/v1/sessions/s-1"))["session"]["markers"] == []
