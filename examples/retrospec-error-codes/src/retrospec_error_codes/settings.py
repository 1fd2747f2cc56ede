"""What is to be said in a server's settings."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_DEFAULT_PATTERNS = (
    # SHOP-1042, PAY-07
    re.compile(r"\b[A-Z][A-Z0-9]{1,9}-[0-9]{2,6}\b"),
    # "code": "CARD_DECLINED", as it stands in the body of many an API's answer
    re.compile(r'"(?:code|errorCode|error_code)"\s*:\s*"([A-Za-z0-9_.-]{2,60})"'),
)


def _finds_a_code(pattern: re.Pattern[str]) -> re.Pattern[str]:
    if pattern.groups > 1:
        raise ValueError("must have one group, which holds the code, or none, and then all of it is the code")
    if pattern.search(""):
        raise ValueError("must not match an empty text: every failure would have the same code")
    return pattern


Pattern = Annotated[re.Pattern[str], AfterValidator(_finds_a_code)]
Route = Annotated[str, StringConstraints(pattern=r"^[/*]")]


class ErrorCodesSettings(BaseModel):
    """Its table in the settings. What does not fit stops the start, with the name of the field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    patterns: tuple[Pattern, ...] = Field(
        default=_DEFAULT_PATTERNS, min_length=1, description="What a code looks like; the first that is found counts"
    )
    ignore: frozenset[str] = Field(
        default=frozenset({"UNKNOWN", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"}),
        description="Codes that tell nothing; capitals make no difference",
    )
    components: Mapping[str, tuple[Route, ...]] = Field(
        default_factory=dict, description="Routes of each component, where `*` stands for any characters"
    )
    by_component: bool = Field(default=True, description="Whether one code in two components is two issues")
