"""Redactors: what must not be stored."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel

from retrospec.plugin.component import Component
from retrospec.plugin.registration import offer

Made = TypeVar("Made", bound="type[Redactor]")


class Redactor(Component):
    """Takes secrets out of recordings on their way in."""

    @abstractmethod
    def redact(self, event: bytes) -> bytes:
        """Take the secrets out of one rrweb event.

        Called in a thread, for one event after the other, never on the event loop. The event is
        valid JSON. The recording must replay as before: structure, ids, timestamps, attribute names,
        CSS and the addresses of stylesheets and images stay as they are.

        Args:
            event: One event as JSON text, in UTF-8.

        Returns:
            The event to store, or the very same object when there is nothing to take out. An
            exception refuses the upload with 503: a secret is never stored because a redactor broke.
        """

    @abstractmethod
    def redact_text(self, text: str) -> str:
        """Take the secrets out of a plain text, such as a marker's label or evidence.

        Called for every ingested session before it is written, so it must be fast and must not wait. An exception, or
        a call that takes longer than `PLUGIN_TIMEOUT_SECONDS`, withholds all texts of the session.

        Args:
            text: Any text; not JSON.
        """


def redactor(name: str, description: str, *, settings: type[BaseModel] | None = None) -> Callable[[Made], Made]:
    """Offer the decorated class as the redactor `name`.

    Args:
        name: What `REDACTOR` calls it.
        description: One line for `retrospec plugins`.
        settings: Model of the section `[redaction.<name>]`.
    """
    return offer(Redactor, name, description, settings)
