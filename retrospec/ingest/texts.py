"""Takes secrets out of what markers say, or withholds it."""

from collections.abc import Sequence
from functools import lru_cache

from retrospec.plugin import Redactor
from retrospec.plugin.faults import Faults
from retrospec.plugin.guard import Guard

# What is remembered of cleaned texts stays below two megabytes.
_SHORT = 250
_REMEMBERED = 4096


class Texts:
    """Asks the redactor for texts. One for a process."""

    def __init__(self, redactor: Redactor, name: str, faults: Faults, guard: Guard | None = None) -> None:
        """Ask one redactor.

        Args:
            redactor: Itself.
            name: What settings call it.
            faults: Notes what goes wrong.
            guard: Of a plugin of others.
        """
        self._redactor = redactor
        self._name = name
        self._faults = faults
        self._guard = guard
        # The same failure says the same every time.
        self._clean_short = lru_cache(maxsize=_REMEMBERED)(self._clean)

    async def clean(self, texts: Sequence[str]) -> list[str] | None:
        """Take the secrets out of some texts.

        Returns:
            One for each; None when the redactor failed, so that none of them may be kept.
        """
        if not texts:
            return []
        if self._guard is None:
            try:
                return self._cleaned(texts)
            except Exception as cause:
                self._faults.note("redaction", self._name, cause, doing="redact_text")
                return None
        try:
            return await self._guard.run(lambda: self._cleaned(texts), doing="redact_text")
        # Its guard has noted it.
        except Exception:
            return None

    def _cleaned(self, texts: Sequence[str]) -> list[str]:
        short, long = self._clean_short, self._clean
        return [(short(text) if len(text) <= _SHORT else long(text)) if text else "" for text in texts]

    def _clean(self, text: str) -> str:
        cleaned = self._redactor.redact_text(text)
        if not isinstance(cleaned, str):
            raise TypeError(f"redact_text returned a {type(cleaned).__name__}")
        return cleaned
