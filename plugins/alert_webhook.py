"""Posts alerts to an address, signed after the Standard Webhooks specification."""

import base64
import json
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from standardwebhooks import Webhook

from retrospec.plugin import Alert, AlertCluster, AlertSink, Receipt, alert_sink
from retrospec_plugins.alert_posting import Poster, WebAddress

KEY_PREFIX = "whsec_"


def _header_value(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("must be printable ASCII, on one line")
    return value


def _signing_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    encoded = text.removeprefix(KEY_PREFIX)
    try:
        # Unpadded is accepted, as the library does.
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if text and not (text.startswith(KEY_PREFIX) and key):
        raise ValueError(f"must be `{KEY_PREFIX}` and base64")
    return secret


SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]


class WebhookSettings(BaseModel):
    """The section `[alerts.webhook]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: WebAddress = Field(description="Where alerts are posted")
    auth_header: Annotated[SecretStr, AfterValidator(_header_value)] | None = Field(
        default=None, description="Value of the `Authorization` header"
    )
    secret: SigningSecret | None = Field(
        default=None, description="Signs each post: `whsec_` and base64, after Standard Webhooks"
    )
    previous_secret: SigningSecret | None = Field(
        default=None, description="Signs each post as well, until every receiver knows the new `secret`"
    )
    timeout_seconds: float = Field(default=15, gt=0, le=300, description="For a whole delivery")


@alert_sink("webhook", "Posts JSON to an address, signed after Standard Webhooks", settings=WebhookSettings)
class WebhookSink(AlertSink):
    """Only a 2xx answer counts as delivered; redirects are not followed."""

    guarded = True

    def __init__(self, settings: WebhookSettings) -> None:
        given = [secret.get_secret_value() for secret in (settings.secret, settings.previous_secret) if secret]
        self._signers = [Webhook(secret) for secret in given if secret]
        headers = {"Content-Type": "application/json"}
        secrets = {secret.removeprefix(KEY_PREFIX).rstrip("=") for secret in given}
        if settings.auth_header:
            authorization = settings.auth_header.get_secret_value()
            headers["Authorization"] = authorization
            secrets |= {authorization, authorization.partition(" ")[2]}
        self._poster = Poster(settings.url, timeout=settings.timeout_seconds, headers=headers, secrets=secrets)

    async def open(self) -> None:
        await self._poster.open(self.network)

    async def close(self) -> None:
        await self._poster.close()

    async def check(self) -> str:
        """Say how it posts. Nothing is sent: every post is an alert to somebody."""
        told = ("posts are not signed", "posts are signed", "posts are signed with both secrets")
        return told[len(self._signers)]

    async def send(self, alert: Alert) -> Receipt:
        body = json.dumps(_payload(alert), separators=(",", ":"))
        return await self._poster.post(body.encode(), self._signature(alert.id, body))

    def _signature(self, alert_id: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        headers = {"webhook-id": alert_id, "webhook-timestamp": str(int(now.timestamp()))}
        if self._signers:
            headers["webhook-signature"] = " ".join(signer.sign(alert_id, now, body) for signer in self._signers)
        return headers


def _payload(alert: Alert) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "event": alert.event,
        "trigger": alert.trigger,
        "sentAt": _rfc3339(alert.sent_at),
        "projectId": alert.project_id,
        "cluster": _cluster(alert.cluster),
    }
    if alert.issue_url:
        payload["issueUrl"] = alert.issue_url
    if alert.replay_url:
        payload["replayUrl"] = alert.replay_url
    if alert.digest:
        payload["digest"] = {
            "heldBack": alert.digest.held_back,
            "since": _rfc3339(alert.digest.since),
            "until": _rfc3339(alert.digest.until),
            "clusters": [_cluster(cluster) for cluster in alert.digest.top],
        }
    return payload


def _cluster(cluster: AlertCluster) -> dict[str, Any]:
    return {
        "key": cluster.key,
        "symptom": cluster.symptom,
        "sessionCount": cluster.session_count,
        "userCount": cluster.user_count,
        "confidence": cluster.confidence,
        "lastSeenAt": _rfc3339(cluster.last_seen_at),
        "representativeSessionId": cluster.representative_session_id,
        "state": cluster.state,
        "assignee": cluster.assignee,
    }


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
