"""Projects and their keys, for the operator."""

from retrospec.core.routing import Access, Routes
from retrospec.projects import service
from retrospec.projects.caches import ProjectCaches
from retrospec.projects.schemas import (
    KeyAnswer,
    KeyList,
    KeyRequest,
    NewKey,
    NewProject,
    ProjectAnswer,
    ProjectDeleted,
    ProjectList,
    ProjectPatch,
    ProjectRequest,
    key_view,
    project_view,
)
from retrospec.projects.service import KnownStrategies, ProjectPurge

projects = Routes("projects", tag="Admin")


@projects.post("/v1/admin/projects", access=Access.ADMIN, status=201)
async def create_project(body: ProjectRequest) -> NewProject:
    """Make a project.

    It comes with two keys, shown this once: `apiKey` has the scope `full`, `ingestKey` may only send
    recordings and sessions, and is safe to put in a web page.
    """
    project, api_key, ingest_key = await service.create_project(body.name or "", body.site or "", body.label or "")
    return NewProject(project_view(project), api_key, ingest_key)


@projects.get("/v1/admin/projects", access=Access.ADMIN)
async def list_projects() -> ProjectList:
    """List all projects, newest first."""
    return ProjectList([project_view(project) for project in await service.list_projects()])


@projects.get("/v1/admin/projects/<project_id:str>", access=Access.ADMIN)
async def get_project(project_id: str) -> ProjectAnswer:
    """Read one project."""
    return ProjectAnswer(project_view(await service.get_project(project_id)))


@projects.patch("/v1/admin/projects/<project_id:str>", access=Access.ADMIN)
async def change_project(
    project_id: str, body: ProjectPatch, strategies: KnownStrategies, caches: ProjectCaches
) -> ProjectAnswer:
    """Change a project.

    Fields left out stay as they are; null goes back to what the server's settings say. `allowedOrigins`, where
    not empty, replaces `CORS_ALLOWED_ORIGINS` for requests with this project's keys.
    """
    project = await service.change_project(project_id, body, strategies)
    caches.forget(project_id)
    return ProjectAnswer(project_view(project))


@projects.delete("/v1/admin/projects/<project_id:str>", access=Access.ADMIN)
async def delete_project(project_id: str, purge: ProjectPurge, caches: ProjectCaches) -> ProjectDeleted:
    """Delete a project with all its data and objects.

    Its keys are closed first. If the request is cut off, sending it again goes on where it stopped.
    The default project cannot be deleted: 409.
    """
    await service.delete_project(project_id, purge, closed=caches.forget)
    return ProjectDeleted(deleted=True, project_id=project_id)


@projects.post("/v1/admin/projects/<project_id:str>/keys", access=Access.ADMIN, status=201)
async def create_key(project_id: str, body: KeyRequest) -> NewKey:
    """Make a key for a project. It is shown this once."""
    key, raw = await service.create_key(project_id, body.label or "", body.scope or "full", body.expires_at)
    return NewKey(key.id, key.project_id, key.label, key.scope, raw, key.expires_at)


@projects.get("/v1/admin/projects/<project_id:str>/keys", access=Access.ADMIN)
async def list_keys(project_id: str) -> KeyList:
    """List a project's keys, newest first."""
    return KeyList([key_view(key) for key in await service.list_keys(project_id)])


@projects.post("/v1/admin/projects/<project_id:str>/keys/<key_id:str>/revoke", access=Access.ADMIN)
async def revoke_key(project_id: str, key_id: str, caches: ProjectCaches) -> KeyAnswer:
    """Revoke a key for good. In force on every process within five seconds."""
    key = await service.revoke_key(project_id, key_id)
    caches.forget(project_id)
    return KeyAnswer(key_view(key))
