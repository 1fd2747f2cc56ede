"""The section `[analysis.http]`."""

from typing import Annotated, Literal

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator


def _web_address(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ValueError("is no URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("must be an http:// or https:// URL with a host")
    if parsed.userinfo:
        raise ValueError("must hold no password: use api_key")
    return url


def _header_value(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("must be printable ASCII, on one line")
    return value


class HttpSettings(BaseModel):
    """The section `[analysis.http]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_web_address)] = Field(
        description="The model's endpoint; of a chat API the whole address, e.g. `https://…/v1/chat/completions`"
    )
    protocol: Literal["plain", "openai"] = Field(
        "plain", description="`plain`: `retrospec.analysis.v1`; `openai`: a chat API with JSON schema"
    )
    model: str = Field("", max_length=200, description="Name of the model, for `openai`")
    api_key: Annotated[SecretStr, AfterValidator(_header_value)] | None = Field(
        None, description="Sent as `Authorization: Bearer …`"
    )
    max_answer_tokens: int = Field(
        0, ge=0, le=1_000_000, description="For `openai`: `max_completion_tokens`; 0 leaves it to the model"
    )
    timeout_seconds: float = Field(60, gt=0, le=3600, description="For a whole request, seconds")
    daily_requests_per_project: int = Field(
        200, ge=0, le=10_000_000, description="Requests a day (UTC) and project; 0 = no limit"
    )
    fallback: Literal["heuristic", "none"] = Field(
        "heuristic", description="Who explains a failure when the model does not"
    )

    @model_validator(mode="after")
    def _named_model(self) -> "HttpSettings":
        if self.protocol == "openai" and not self.model:
            raise ValueError("model: must be set for the protocol openai")
        return self
