"""`retrospec serve`."""

from typing import Annotated, Any

import typer

from retrospec.cli.group import commands
from retrospec.core.loading import named
from retrospec.core.log import configure
from retrospec.core.settings_sources import load
from retrospec.supervising import supervise

app = commands()

Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port to listen on, instead of ORCHESTRATOR_PORT; 0 takes a free one."),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, max=128, help="Processes that share the port, instead of SERVER_WORKERS."),
]
Host = Annotated[str | None, typer.Option(help="Address to listen on, instead of ORCHESTRATOR_HOST.")]


@app.command("serve", epilog="Example: `retrospec serve --host 0.0.0.0 --port 8080`")
def serve_command(host: Host = None, port: Port = None, workers: Workers = None) -> None:
    """Run the server.

    Without any setting it listens on 127.0.0.1:8080 and keeps everything in ./data: SQLite and plain files, jobs
    included. SIGTERM and Ctrl-C stop it once what has begun is done.

    With `--workers` several processes serve on that port, watched over by this one: one that dies is replaced.

    Opened to a network with `--host`, it answers no request without a key unless ANONYMOUS_ACCESS says so.
    """
    given: dict[str, Any] = {"orchestrator_host": host, "orchestrator_port": port, "server_workers": workers}
    settings = load(**{name: value for name, value in given.items() if value is not None})
    if settings.server_workers > 1:
        configure(settings.log_level, settings.log_format, process="supervisor")
        supervise(settings)
        return
    configure(settings.log_level, settings.log_format)
    # Not at the top: a supervisor needs nothing of it.
    named("retrospec.serving", "serve")(settings)
