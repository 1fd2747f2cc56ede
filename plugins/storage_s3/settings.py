"""What the S3 storage can be told."""

import re
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class S3Settings(BaseModel):
    """The section `[storage.s3]`. The settings `S3_…` say most of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bucket: str = Field(description="Bucket of the objects")
    endpoint: str = Field("", description="Address of an S3 server other than AWS, called path-style")
    region: str = Field("us-east-1", min_length=1, description="Region of the bucket")
    access_key: SecretStr | None = Field(None, description="Access key; unset: the ordinary AWS credential chain")
    secret_key: SecretStr | None = Field(None, description="Secret key")
    session_token: SecretStr | None = Field(None, description="Token of temporary keys")
    create_bucket: bool = Field(False, description="Make the bucket at the start if it is not there")
    lifecycle_enabled: bool = Field(False, description="Keep a lifecycle rule in the bucket")
    lifecycle_expire_days: int = Field(
        0, ge=0, le=36_500, description="Age at which the bucket itself drops recordings and artifacts, days; 0 = never"
    )
    server_side_encryption: Literal["AES256", "aws:kms"] | None = Field(
        None, description="Encryption that objects are stored with; unset: the bucket's own default"
    )
    kms_key_id: str = Field("", description="Key of `aws:kms`; unset: the account's default key")
    connect_timeout_seconds: float = Field(3, gt=0, le=300, description="Time for a connection to be made, seconds")
    read_timeout_seconds: float = Field(10, gt=0, le=300, description="Silence that ends one attempt, seconds")
    timeout_seconds: float = Field(30, gt=0, le=3600, description="One call with all its attempts, seconds")
    max_attempts: int = Field(3, ge=1, le=10, description="Attempts of a call that fails for a moment")
    max_connections: int = Field(100, ge=1, le=1000, description="Connections to S3 that a process keeps at the most")

    @field_validator("bucket")
    @classmethod
    def _bucket_name(cls, value: str) -> str:
        if not re.fullmatch(r"[\w.-]{3,255}", value, re.ASCII):
            raise ValueError(f"S3_BUCKET={value}: must name a bucket")
        return value

    @field_validator("endpoint")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.username):
            raise ValueError("S3_ENDPOINT must be an http:// or https:// address without user and password")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _belonging_together(self) -> Self:
        if bool(self.access_key) != bool(self.secret_key):
            raise ValueError("S3_ACCESS_KEY and S3_SECRET_KEY belong together: set both or neither")
        if self.session_token and not self.access_key:
            raise ValueError("S3_SESSION_TOKEN belongs to S3_ACCESS_KEY and S3_SECRET_KEY: set them too")
        if self.kms_key_id and self.server_side_encryption != "aws:kms":
            raise ValueError("S3_KMS_KEY_ID needs S3_SERVER_SIDE_ENCRYPTION=aws:kms")
        return self

    @property
    def place(self) -> str:
        """Where the bucket is, for people."""
        return self.endpoint or f"AWS in {self.region}"

    @property
    def encryption(self) -> dict[str, Any]:
        """What every upload says about encryption."""
        named = {"ServerSideEncryption": self.server_side_encryption, "SSEKMSKeyId": self.kms_key_id}
        return {name: value for name, value in named.items() if value}
