"""`retrospec clustering explain`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, show_json
from retrospec.clustering.explainer import Explainer
from retrospec.clustering.rules import RuleBook
from retrospec.clustering.schemas import MarkerExplained, MarkerExplanation, MarkerToExplain, RuleTried
from retrospec.clustering.teller import Strategies
from retrospec.core.ijson import decode
from retrospec.core.settings import Settings
from retrospec.ingest.texts import Texts
from retrospec.issues.explained import NamedText
from retrospec.projects import service
from retrospec.projects.models import DEFAULT_PROJECT_ID
from retrospec.projects.policies import Policies
from retrospec.runtime import Runtime

EXAMPLE = """Example: `echo '{"kind": "api_error", "label": "GET /orders/7 -> 502"}' | retrospec clustering explain`"""


def explain(
    project: Annotated[
        str, typer.Option("--project", "-p", metavar="PROJECT", help="Id of the project.")
    ] = DEFAULT_PROJECT_ID,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", exists=True, dir_okay=False, help="What to read.", show_default="standard input"),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another strategy than the project's, to see what it would do.")
    ] = None,
    json: Json = False,
) -> None:
    """Explain how a failure gets its key, step by step.

    Reads a failure as an SDK would send it: a JSON object with `kind`, `label`, and perhaps `evidence`, `clusterKey`
    and `route`. Stores nothing.
    """
    said = file.read_bytes() if file is not None else sys.stdin.buffer.read()
    marker = decode(said, MarkerToExplain)
    marker.strategy = strategy or marker.strategy
    told = run(_explain(settings_for_one_command(), project, marker))
    if json:
        show_json(MarkerExplained(told))
    else:
        typer.echo("\n".join(shown(told)))


async def _explain(settings: Settings, project: str, marker: MarkerToExplain) -> MarkerExplanation:
    async with Runtime(settings) as runtime:
        await service.get_project(project)
        texts = Texts(runtime.redactor, settings.redactor, runtime.faults, runtime.text_guard)
        explainer = Explainer(
            Strategies(runtime.strategies, settings.clustering_strategy, runtime.strategy_guards),
            RuleBook(runtime.counters),
            Policies(),
            texts.clean,
            redacts=settings.redact_events,
        )
        return await explainer.explain_marker(project, marker)


def shown(told: MarkerExplanation) -> list[str]:
    """An explanation in lines."""
    lines = [f"strategy  {told.strategy}, version {told.strategy_version}"]
    if told.redacted:
        lines.append("redacted  secrets were taken out before anything else")
    lines += _titled("read", [NamedText(step.name.removeprefix("read "), step.value) for step in told.steps])
    lines += [f"rule      {_tried(one)}" for one in told.rules] or ["rule      there are none"]
    lines += _titled("parts", told.parts)
    if told.text:
        lines.append(f"text      {' | '.join(told.text.split(chr(0x1F)))}")
    return [*lines, f"key       {told.key}", f"leads to  {_leads(told)}"]


def _titled(title: str, texts: list[NamedText]) -> list[str]:
    width = max((len(text.name) for text in texts), default=0)
    rows = [f"{text.name:<{width}}  {text.value}".replace("\n", " ↵ ") for text in texts]
    return [f"{title if place == 0 else '':<8}  {row}".rstrip() for place, row in enumerate(rows)]


def _tried(one: RuleTried) -> str:
    if one.matched:
        return f"{one.name} ({one.id}) matches and decides"
    return f"{one.name} ({one.id}) " + (
        "takes too long and is passed over" if one.too_slow else f"fails at {one.failed}"
    )


def _leads(told: MarkerExplanation) -> str:
    leads = told.leads_to
    where = f"{leads.cluster_key}, into which it was merged: " if leads.merged else ""
    match leads.state:
        case "unknown":
            return f"{where}no failure of this key has been ingested yet"
        case "candidate":
            return f"{where}a cluster that is no issue yet, {leads.session_count} session(s): {leads.symptom}"
    return f"{where}an issue, {leads.state}, {leads.session_count} sessions: {leads.symptom}"
