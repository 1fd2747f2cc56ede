"""Which models there are, and the configuration that the `aerich` command reads."""

from retrospec.core.db import tortoise_config
from retrospec.core.settings_sources import load

MODELS = (
    "aerich.models",
    "retrospec.core.secrets",
    "retrospec.jobs.models",
    "retrospec.projects.models",
    "retrospec.sessions.models",
    "retrospec.artifacts.models",
    "retrospec.reports.models",
    "retrospec.issues.models",
    "retrospec.alerts.models",
    "retrospec.maintenance.models",
    "retrospec.metrics.models",
)


def _config() -> object:
    settings = load()
    return tortoise_config(settings.database, MODELS, **settings.database_options, unhurried=True)


def __getattr__(name: str) -> object:
    # Made when asked for: importing the list of models must not read anybody's settings.
    if name == "TORTOISE_ORM":
        return _config()
    raise AttributeError(name)
