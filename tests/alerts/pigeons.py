"""A sink that a project may make, as a plugin's author would write it."""

from pathlib import Path
from textwrap import dedent

PIGEON = '''
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from retrospec.plugin import AlertSink, NotDelivered, Receipt, SinkGone, alert_sink


def _trained(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.startswith("coo_"):
        # An author who has not thought of who reads this.
        raise ValueError(f"{text} must begin with coo_")
    return secret


class PigeonSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: SecretStr
    call: Annotated[SecretStr, AfterValidator(_trained)] | None = None
    rings: tuple[SecretStr, ...] = ()
    headers: dict[str, SecretStr] = {}
    loft: str = "north"
    weight_grams: int = Field(default=300, ge=200, le=500)


@alert_sink("pigeon", "Carries alerts", settings=PigeonSettings)
class Pigeon(AlertSink):
    guarded = True

    def __init__(self, settings):
        self._settings = settings

    async def open(self):
        self._client = self.network.http_client(timeout=5)

    async def close(self):
        await self._client.aclose()

    async def send(self, alert):
        url = self._settings.url.get_secret_value()
        said = {"id": alert.id, "trigger": alert.trigger, "symptom": alert.cluster.symptom}
        answer = await self._client.post(url, json=said)
        if answer.status_code == 410:
            raise SinkGone("the loft is closed", status=410)
        if not answer.is_success:
            raise NotDelivered(f"{url} answered {answer.status_code}", status=answer.status_code, answer=answer.text)
        return Receipt(answer.status_code, answer.text)


@alert_sink("sparrow", "Carries nothing")
class Sparrow(AlertSink):
    guarded = True

    async def send(self, alert):
        """Chirp."""


@alert_sink("crow", "Flies where it wants")
class Crow(AlertSink):
    async def send(self, alert):
        """Caw."""
'''


def pigeons(folder: Path) -> Path:
    """A folder of plugins: projects may make sinks of `pigeon` and `sparrow`, and not of `crow`."""
    folder.mkdir(exist_ok=True)
    (folder / "pigeon.py").write_text(dedent(PIGEON))
    return folder
