"""`retrospec doctor`."""

import typer

from retrospec.cli.examination import examine
from retrospec.cli.examination_services import Finding
from retrospec.cli.group import commands
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, show_json
from retrospec.core.errors import SettingsError

app = commands()
_COLOURS = {"ok": typer.colors.GREEN, "warning": typer.colors.YELLOW, "failed": typer.colors.RED}


@app.command("doctor")
def doctor_command(json: Json = False) -> None:
    """Check everything the server needs, and say what to do.

    Settings, plugins, data folder, disk, clock, database, schema, queue, storage, jobs and access. Run it where the
    server runs, with the same settings. Exits with 1 when something failed; warnings are only told.
    """
    findings = _findings()
    failed = [one for one in findings if one.state == "failed"]
    if json:
        show_json({"ok": not failed, "findings": findings})
    else:
        for one in findings:
            typer.echo(f"{typer.style(f'{one.state:<7}', fg=_COLOURS[one.state])}  {one.name:<10}  {one.detail}")
            if one.advice:
                typer.echo(f"{'':21}→ {one.advice}")
    if failed:
        raise typer.Exit(1)


def _findings() -> list[Finding]:
    try:
        settings = settings_for_one_command()
    except SettingsError as mistakes:
        advice = "correct it in the environment or in the TOML file; docs/configuration.md lists what is allowed"
        return [Finding("settings", "failed", line, advice) for line in str(mistakes).splitlines()]
    return [Finding("settings", "ok", "all of them can be used"), *run(examine(settings))]
