"""`retrospec worker`."""

from retrospec.cli.group import commands
from retrospec.core.log import configure
from retrospec.core.settings_sources import load
from retrospec.serving import work

app = commands()


@app.command("worker")
def worker_command() -> None:
    """Run jobs beside servers, in a process of its own.

    It makes replay artifacts and report cards, and delivers alerts. Run as many as the load asks for, with the same
    settings as the server; WORKER_CONCURRENCY says how many jobs each runs at once. On the embedded default the
    server runs jobs itself, and no worker is needed.
    """
    settings = load()
    configure(settings.log_level, settings.log_format)
    work(settings)
