"""The suite that every redactor passes, on each of the built-in ones."""

from collections.abc import AsyncIterator

import pytest

from retrospec.plugin.testing.redaction import RedactionSuite
from retrospec_plugins.redact_default import DefaultRedactor


class TestDefaultRedactor(RedactionSuite):
    takes_out = (
        "joe@example.com",
        "Bearer 5f0c4a9e77b1",
        "4111 1111 1111 1111",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    )

    @pytest.fixture
    async def redactor(self) -> AsyncIterator[DefaultRedactor]:
        async with DefaultRedactor() as redactor:
            yield redactor
