"""Where artifacts are reported and read."""

from sanic import HTTPResponse, Request

from retrospec.artifacts.schemas import ArtifactAnswer, ArtifactQuery, ArtifactToken, ReplayResult
from retrospec.artifacts.service import artifact_key, checked_result, record_artifact
from retrospec.artifacts.serving import serve_object
from retrospec.artifacts.tokens import ArtifactTokens
from retrospec.core.counters import Counters
from retrospec.core.errors import NotFound, Unauthorized
from retrospec.core.routing import Access, Routes
from retrospec.core.settings import Settings
from retrospec.jobs.relayed import result_came
from retrospec.plugin import QueueBackend, StorageBackend
from retrospec.projects.auth import Caller
from retrospec.sessions.models import Session

artifacts = Routes("artifacts", tag="Artifacts")


@artifacts.get("/v1/sessions/<session_id:str>/artifacts/<artifact_type:str>/token")
async def issue_artifact_token(
    caller: Caller, session_id: str, artifact_type: str, tokens: ArtifactTokens
) -> ArtifactToken:
    """Permit to read one artifact for a while.

    Needs a key, also where requests without one may read. The token goes into the address of the artifact, as
    `?artifactToken=`, where a browser cannot send a header; it is good for this session and type only.
    """
    if caller.anonymous:
        raise Unauthorized
    if not await Session.exists(project_id=caller.project_id, session_id=session_id):
        raise NotFound("session not found")
    return tokens.issue(caller.project_id, session_id, artifact_type)


@artifacts.get(
    "/v1/sessions/<session_id:str>/artifacts/<artifact_type:str>",
    access=Access.ARTIFACT,
    media_type="application/octet-stream",
)
async def read_artifact(
    request: Request,
    caller: Caller,
    session_id: str,
    artifact_type: str,
    query: ArtifactQuery,
    tokens: ArtifactTokens,
    storage: StorageBackend,
) -> HTTPResponse | None:
    """Read an artifact.

    The object's bytes with its content type; `Range` is honoured, for players that seek, and answered with 416 where it
    lies outside of the object. Either a key or a token permits it.
    """
    project_id = caller.project_id or tokens.project_of(query.artifact_token, session_id, artifact_type)
    return await serve_object(request, storage, await artifact_key(project_id, session_id, artifact_type))


@artifacts.post("/v1/internal/replay-results", access=Access.INTERNAL, status=202)
async def report_replay(
    body: ReplayResult, counters: Counters, queue: QueueBackend, settings: Settings
) -> ArtifactAnswer:
    """Report what a replay worker made of a session.

    One artifact is kept for a session and type. A later result replaces it; one that was generated earlier than what
    is there changes nothing, and the answer is what stands. Answers 404 for an unknown session.
    """
    result = await checked_result(body)
    recorded = await record_artifact(result)
    counters.add("retrospec_replay_artifacts_total", recorded.written)
    if result.ends_job:
        await result_came(queue, settings.replay_queue_name, result.project_id, result.session_id)
    return ArtifactAnswer(recorded.artifact)
