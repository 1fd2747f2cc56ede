"""`retrospec clustering dry-run` and `retrospec clustering rekey`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from retrospec.cli.moving import progress
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, counted, show_json
from retrospec.clustering.rules import RuleBook
from retrospec.core.clock import ago
from retrospec.core.ijson import decode
from retrospec.core.settings import Settings
from retrospec.ingest.clustering import Clusterer
from retrospec.projects import service
from retrospec.projects.models import DEFAULT_PROJECT_ID, Project
from retrospec.rekeying.dry_run import look_ahead
from retrospec.rekeying.keying import RulesFile, compiled, find_strategy, keyer
from retrospec.rekeying.mover import Mover, Rekeyed
from retrospec.rekeying.report import ClusterShare, Forecast, Merge, Split, forecast
from retrospec.rekeying.step import Target
from retrospec.rekeying.survey import Keyer
from retrospec.runtime import Runtime

DRY_RUN_EXAMPLE = "Example: `retrospec clustering dry-run --strategy fingerprint --days 3`"
REKEY_EXAMPLE = "Example: `retrospec clustering rekey --project proj_… --strategy fingerprint`"

ProjectId = Annotated[str, typer.Option("--project", "-p", metavar="PROJECT", help="Id of the project.")]
StrategyName = Annotated[
    str | None, typer.Option("--strategy", metavar="NAME", help="Where to.", show_default="the project's own")
]


class Way(NamedTuple):
    """A project, where it is to go, and where it is."""

    target: Target
    key: Keyer
    former: str
    key_of: Callable[[str], Keyer]


def dry_run(
    project: ProjectId = DEFAULT_PROJECT_ID,
    strategy: StrategyName = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Look at the sessions of the last so many days.")] = 7,
    rules: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Rules to try instead of the project's, as `retrospec clustering rules list --json` prints them.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Tell what a strategy would make of a project's issues: which would merge, and which would split.

    Writes nothing. Symptoms and numbers of sessions are of the sessions looked at.
    """
    tried = decode(rules.read_bytes(), RulesFile) if rules is not None else None
    told = run(_look_ahead(settings_for_one_command(), project, strategy, days, tried))
    if json:
        show_json(told)
    else:
        typer.echo("\n".join(shown(told)))


def rekey(
    project: ProjectId = DEFAULT_PROJECT_ID,
    strategy: StrategyName = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Give up an unfinished move to another strategy, and begin this one.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Move a project to another clustering strategy, or another version of its own.

    Issues keep their state, assignee, notes and history, what people have merged stays together, and links with old
    keys lead on. Runs in small steps beside running servers. Interrupted, the same command goes on.
    """
    settings = settings_for_one_command()
    if not yes:
        typer.confirm(f"Move {run(_described(settings, project, strategy))}?", abort=True, err=True)
    done = run(_move(settings, project, strategy, restart=restart))
    if json:
        show_json(done)
        return
    typer.echo(f"{done.project_id} uses {done.strategy}, version {done.strategy_version}")
    typer.echo(
        f"{counted(done.clusters_moved, 'cluster')} moved with {counted(done.markers_moved, 'failure')}; "
        f"the longest step took {done.longest_step_ms} ms"
    )


async def _look_ahead(
    settings: Settings, project: str, strategy: str | None, days: int, tried: RulesFile | None
) -> Forecast:
    async with Runtime(settings, unhurried=True) as runtime:
        way = await _way(runtime, project, strategy, tried)
        with progress() as report:
            plan = await look_ahead(
                runtime.database,
                way.target,
                way.key,
                ago(days=days),
                lambda sessions: report("sessions looked at", sessions, None),
            )
    target = way.target
    return forecast(plan, project, target.strategy, target.version, days=days, min_sessions=target.min_sessions)


async def _described(settings: Settings, project: str, strategy: str | None) -> str:
    async with Runtime(settings, unhurried=True) as runtime:
        way = await _way(runtime, project, strategy)
        named = (await service.get_project(project)).name
    return f"{project} ({named}) from {way.former} to {way.target.strategy}, version {way.target.version}"


async def _move(settings: Settings, project: str, strategy: str | None, *, restart: bool) -> Rekeyed:
    async with Runtime(settings, unhurried=True) as runtime:
        way = await _way(runtime, project, strategy)
        with progress() as report:
            mover = Mover(
                runtime.database,
                way.target,
                way.key,
                switched=way.former == way.target.strategy,
                learnt=runtime.strategy_states.sync,
                told=lambda done, left: report("clusters moved", done.clusters, done.clusters + left),
            )
            return await mover.run(restart=restart, former_key=way.key_of)


async def _way(runtime: Runtime, project: str, strategy: str | None, tried: RulesFile | None = None) -> Way:
    found: Project = await service.get_project(project)
    settings, strategies = runtime.settings, runtime.strategies
    former = found.clustering_strategy or settings.clustering_strategy
    name = strategy or former
    book = RuleBook(runtime.counters)
    rules = await (compiled(tried, runtime.counters) if tried is not None else book.of(project))
    clusterer = Clusterer(strategies, settings.clustering_strategy, runtime.faults, runtime.strategy_guards)
    version = find_strategy(strategies, name).version
    target = Target(project, name, version, settings.cluster_promote_min_sessions)

    def key_of(other: str) -> Keyer:
        find_strategy(strategies, other)
        return keyer(clusterer, other, rules)

    return Way(target, key_of(name), former, key_of)


def shown(told: Forecast) -> list[str]:
    """A forecast in lines."""
    lines = [
        (
            f"{told.strategy} version {told.strategy_version}, on {counted(told.sessions, 'session')} with "
            f"{counted(told.markers, 'failure')} of the last {counted(told.days, 'day')}; nothing was written"
        ),
        "",
        f"clusters  {told.clusters_before:,} before, {told.clusters_after:,} after",
        f"issues    {told.issues_before:,} before, {told.issues_after:,} after",
        f"failures  {told.markers_moved:,} would move",
        "",
        f"{counted(told.kept, 'cluster')} would stay, {told.renamed:,} would only get another key",
    ]
    lines += _listed(f"{counted(told.merged, 'cluster')} would be made of several", map(_merge, told.merges))
    return lines + _listed(f"{counted(told.split, 'cluster')} would become several", map(_split, told.splits))


def _listed(title: str, parts: "map[list[str]]") -> list[str]:
    found = [line for part in parts for line in ("", *part)]
    return ["", title + (", the largest first:" if found else ""), *found]


def _merge(one: Merge) -> list[str]:
    return [
        f"  {one.into}  {counted(one.session_count, 'session')}, of {one.cluster_count} clusters",
        *_shares(one.clusters, one.cluster_count),
    ]


def _split(one: Split) -> list[str]:
    return [
        f"  {one.cluster}  {counted(one.session_count, 'session')}, into {one.cluster_count} clusters: {one.symptom}",
        *_shares(one.into, one.cluster_count),
    ]


def _shares(shares: list[ClusterShare], count: int) -> list[str]:
    lines = [f"    {one.key}  {one.shared:>6,}  {one.symptom}" for one in shares]
    return lines + ([f"    … and {count - len(shares)} more"] if count > len(shares) else [])
