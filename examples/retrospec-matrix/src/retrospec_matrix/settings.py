"""What is to be said in a server's settings."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, StringConstraints, field_validator

UserId = Annotated[str, StringConstraints(pattern=r"^@[^:\s]+:\S+$")]


class MatrixSettings(BaseModel):
    """Its table in the settings. What does not fit stops the start, with the name of the field."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    homeserver: HttpUrl = Field(description="Where the bot's account is, e.g. `https://matrix.example.org`")
    room: str = Field(description="Id of the room, which begins with `!`")
    access_token: SecretStr = Field(description="Of the bot's account")
    message_type: Literal["m.text", "m.notice"] = Field(
        default="m.text", description="`m.notice` is shown in grey by many clients, and makes no noise"
    )
    mention: tuple[UserId, ...] = Field(default=(), description="Whom to call, e.g. `@ada:example.org`")
    mention_from_sessions: int = Field(default=1, ge=1, description="How often it must have happened for that")
    timeout_seconds: float = Field(default=10, gt=0, le=300, description="For each part of an answer")

    @field_validator("room")
    @classmethod
    def _is_an_id(cls, room: str) -> str:
        if not room.startswith("!") or len(room) < 2 or any(character.isspace() for character in room):
            raise ValueError("must be the id of a room, `!…`; Element shows it in the room's settings, under Advanced")
        return room

    @field_validator("access_token")
    @classmethod
    def _fits_into_a_header(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if not text or not text.isascii() or not text.isprintable():
            raise ValueError("must be printable ASCII, on one line")
        return token
