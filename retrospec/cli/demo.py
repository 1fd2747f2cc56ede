"""`retrospec demo`: a server with the demo project in it, or the demo project for a server that runs already."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from retrospec.cli.group import commands
from retrospec.cli.serve import Port
from retrospec.core.log import configure
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from retrospec.demo import find_issue, next_steps, send_demo, wait_for_reports
from retrospec.serving import Listening, serve

app = commands()

_PATIENCE_S = 60.0
# Whatever the environment says of databases, buckets and webhooks: made-up visits belong in none of them.
_EMBEDDED: Mapping[str, Any] = {
    "orchestrator_host": "127.0.0.1",
    "server_workers": 1,
    "database_url": None,
    "postgres_host": "",
    "redis_url": None,
    "redis_host": "",
    "s3_bucket": "",
    "storage_backend": "",
    "queue_backend": "",
    "embedded_worker": True,
    "anonymous_access": "full",
    "auto_promote_on_ingest": True,
    "alert_sinks": (),
    "alert_webhook_url": None,
}

Url = Annotated[str | None, typer.Option("--send-only", metavar="URL", help="Send it to a server that runs already.")]
Key = Annotated[
    str | None,
    typer.Option(envvar="RETROSPEC_KEY", help="API key of the project that gets it, with --send-only.", metavar="KEY"),
]


@app.command("demo", epilog="Example: `retrospec demo --send-only https://retrospec.example.com --key rpk_…`")
def demo_command(port: Port = None, send_only: Url = None, key: Key = None) -> None:
    """Run a server with a demo project made of real recordings.

    Visits to a small shop with real defects go through the HTTP API into the default project, so that there are
    issues to look at at once. It runs on the embedded default whatever other settings say, in DATA_DIR (./data),
    until Ctrl-C. Run again, it doubles nothing.
    """
    if send_only:
        asyncio.run(_send(send_only, key))
        return
    settings = _embedded(port)
    configure(settings.log_level, settings.log_format)
    serve(settings, ready=_present)


def _embedded(port: int | None) -> Settings:
    listening = {} if port is None else {"orchestrator_port": port}
    return load(**{**_EMBEDDED, **listening})


async def _present(running: Listening) -> None:
    await _send(running.url, None)
    typer.echo("The server runs until you press Ctrl-C.")


async def _send(url: str, key: str | None) -> None:
    typer.echo(f"Sending the demo's recordings to {url} …")
    sent = await send_demo(url, key)
    typer.echo(f"{sent.sessions} sessions with {sent.markers} marked failures are in; waiting for their report cards …")
    finished = await wait_for_reports(url, key, sent.session_ids, _PATIENCE_S)
    typer.echo(f"{finished} report cards are ready.\n")
    typer.echo(next_steps(url, key, cluster_key=await find_issue(url, key)))
