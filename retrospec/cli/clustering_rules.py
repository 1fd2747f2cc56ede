"""`retrospec clustering rules`: what a project says about its failures before the strategy is asked."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

import typer
from msgspec import UNSET

from retrospec.cli.group import commands
from retrospec.cli.oneshot import opened, run, settings_for_one_command
from retrospec.cli.output import Json, show_json, show_table
from retrospec.clustering import service
from retrospec.clustering.rules import FIELDS
from retrospec.clustering.schemas import (
    NewRule,
    Rule,
    RuleAction,
    RuleAnswer,
    RuleDeleted,
    RuleList,
    RuleMatch,
    RulePatch,
    TextMatch,
)
from retrospec.projects import service as projects
from retrospec.projects.models import DEFAULT_PROJECT_ID

app = commands("List, add, change and remove the rules that come before a project's strategy.")
Result = TypeVar("Result")

Project = Annotated[str, typer.Option("--project", "-p", metavar="PROJECT", help="Id of the project.")]
RuleId = Annotated[
    str, typer.Argument(metavar="RULE", help="Id of the rule, as `retrospec clustering rules list` shows it.")
]
Conditions = Annotated[
    list[str],
    typer.Option(
        "--match",
        "-m",
        metavar="FIELD=GLOB",
        help="What the text of kind, route, label or evidence is like, with * and ?. Several: all must match.",
    ),
]
Regexes = Annotated[
    list[str],
    typer.Option("--match-regex", "-r", metavar="FIELD=REGEX", help="The same with a regex that is searched for."),
]
Fingerprint = Annotated[
    str | None, typer.Option(metavar="TEXT", help="All that matches becomes one cluster for each kind.")
]
Extra = Annotated[
    list[str],
    typer.Option(metavar="TEXT", help="Divides the strategy's clusters; {name} stands for a group of a regex."),
]
Place = Annotated[int | None, typer.Option(min=1, help="1 is asked first.", show_default="last")]


@app.command("list")
def list_rules(project: Project = DEFAULT_PROJECT_ID, json: Json = False) -> None:
    """List the rules of a project, in the order in which they are asked."""
    listed = RuleList(run(_of(project, service.list_rules(project))))
    if json:
        show_json(listed)
        return
    columns = ("position", "id", "name", "matches", "does", "enabled")
    show_table(columns, [_row(rule) for rule in listed.rules])


@app.command(
    epilog='Example: `retrospec clustering rules add "Provider down" -m "label=*provider*" --fingerprint provider`'
)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    project: Project = DEFAULT_PROJECT_ID,
    match: Conditions = [],  # noqa: B006 (typer reads it and changes nothing)
    match_regex: Regexes = [],  # noqa: B006
    fingerprint: Fingerprint = None,
    extra: Extra = [],  # noqa: B006
    position: Place = None,
    json: Json = False,
) -> None:
    """Add a rule. It is about failures that arrive from now on, on running servers within five seconds."""
    new = NewRule(name, _match(match, match_regex), RuleAction(fingerprint, extra or None), position)
    _show(run(_of(project, service.create_rule(project, new))), "added", json=json)


@app.command()
def change(
    rule: RuleId,
    *,
    project: Project = DEFAULT_PROJECT_ID,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    match: Conditions = [],  # noqa: B006
    match_regex: Regexes = [],  # noqa: B006
    fingerprint: Fingerprint = None,
    extra: Extra = [],  # noqa: B006
    position: Annotated[int | None, typer.Option(min=1, help="Where to move it.")] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is asked.")] = None,
    json: Json = False,
) -> None:
    """Change or move a rule. What is left out stays; conditions are replaced all together."""
    patch = RulePatch(
        name=UNSET if name is None else name,
        match=_match(match, match_regex) if match or match_regex else UNSET,
        action=RuleAction(fingerprint, extra or None) if fingerprint is not None or extra else UNSET,
        position=UNSET if position is None else position,
        enabled=UNSET if enabled is None else enabled,
    )
    _show(run(_of(project, service.change_rule(project, rule, patch))), "changed", json=json)


@app.command()
def remove(rule: RuleId, project: Project = DEFAULT_PROJECT_ID, json: Json = False) -> None:
    """Remove a rule. Clusters that it made keep their keys."""
    run(_of(project, service.delete_rule(project, rule)))
    if json:
        show_json(RuleDeleted(deleted=True, rule_id=rule))
    else:
        typer.echo(f"removed {rule}")


async def _of(project: str, work: Awaitable[Result]) -> Result:
    async with opened(settings_for_one_command()):
        await projects.get_project(project)
        return await work


def _match(globs: list[str], regexes: list[str]) -> RuleMatch:
    match = RuleMatch()
    for text, regex in [*((glob, False) for glob in globs), *((one, True) for one in regexes)]:
        field, equals, pattern = text.partition("=")
        if not equals or field not in FIELDS:
            raise typer.BadParameter(f"{text!r} does not begin with one of {', '.join(f'{name}=' for name in FIELDS)}")
        if getattr(match, field) is not None:
            raise typer.BadParameter(f"there are two conditions for {field}")
        setattr(match, field, TextMatch(regex=pattern) if regex else TextMatch(glob=pattern))
    return match


def _show(rule: Rule, done: str, *, json: bool) -> None:
    if json:
        show_json(RuleAnswer(rule))
    else:
        typer.echo(f"{done} {rule.id} at position {rule.position}: {_conditions(rule)} → {_does(rule)}")


def _row(rule: Rule) -> tuple[str, ...]:
    enabled = "yes" if rule.enabled else "no"
    return (str(rule.position), rule.id, rule.name, _conditions(rule), _does(rule), enabled)


def _conditions(rule: Rule) -> str:
    given = [(field, one) for field in FIELDS if (one := getattr(rule.match, field)) is not None]
    return ", ".join(f"{field}={one.glob}" if one.regex is None else f"{field}=/{one.regex}/" for field, one in given)


def _does(rule: Rule) -> str:
    return f"fingerprint {rule.action.fingerprint}" if rule.action.extra is None else f"extra {rule.action.extra}"
