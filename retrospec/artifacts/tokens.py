"""Signed permissions to read one artifact for a while, e.g. for the address of a `<video>`."""

import hashlib
from datetime import UTC, datetime
from typing import Self

from itsdangerous import BadData, URLSafeSerializer

from retrospec.artifacts.schemas import ArtifactToken
from retrospec.core.clock import now
from retrospec.core.errors import Unauthorized
from retrospec.core.secrets import shared_secret
from retrospec.core.settings import Settings


class ArtifactTokens:
    """Makes and checks tokens. Every process of an installation makes the same of the same settings."""

    def __init__(self, secret: str, ttl_seconds: int) -> None:
        """Take the secret.

        Args:
            secret: What tokens are signed with.
            ttl_seconds: How long a token lives.
        """
        signing = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._signer = URLSafeSerializer(secret, salt="artifact-token", signer_kwargs=signing)
        self._ttl_seconds = ttl_seconds

    @classmethod
    async def create(cls, settings: Settings) -> Self:
        """Make it of the settings; without any secret in them, of one that is kept in the database."""
        chosen = settings.artifact_token_secret or settings.internal_api_key
        secret = chosen.get_secret_value() if chosen else ""
        return cls(secret or await shared_secret("artifact-tokens"), settings.artifact_token_ttl_seconds)

    def issue(self, project_id: str, session_id: str, artifact_type: str) -> ArtifactToken:
        """Permit to read one artifact from now on."""
        expires = int(now().timestamp()) + self._ttl_seconds
        token = self._signer.dumps([project_id, session_id, artifact_type, expires])
        return ArtifactToken(str(token), datetime.fromtimestamp(expires, UTC))

    def project_of(self, token: str, session_id: str, artifact_type: str) -> str:
        """The project whose artifact a token permits to read.

        Args:
            token: As the client sent it.
            session_id: What is to be read with it.
            artifact_type: What is to be read with it.

        Raises:
            Unauthorized: It is not ours, has expired, or permits to read something else.
        """
        try:
            project_id, session, kind, expires = self._signer.loads(token)
        except (BadData, ValueError, TypeError) as cause:
            raise Unauthorized from cause
        if (session, kind) != (session_id, artifact_type) or now().timestamp() >= expires:
            raise Unauthorized
        return str(project_id)
