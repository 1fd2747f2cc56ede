"""What stands in a text: everything this plugin knows to find in a string that is not JSON."""

from retrospec_plugins.redact_default.cards import CARD, is_unfinished_card, without_cards
from retrospec_plugins.redact_default.marks import EMAIL, is_unfinished_address, without_addresses, without_bearers
from retrospec_plugins.redact_default.pairs import Source, without_named

__all__ = ["Source", "clean_text", "clean_typed"]


def clean_text(text: str, source: Source) -> str:
    """The text with every secret replaced by a constant; the text itself when it has none.

    Takes time linear in its length, whatever it holds.
    """
    # In this order cleaning again finds nothing new: a card number has spaces, at which the others would cut it.
    cleaned = without_cards(text)
    if "=" in text or ":" in text or "%3" in text:
        cleaned = without_named(cleaned, source)
    cleaned = without_addresses(without_bearers(cleaned))
    return text if cleaned == text else cleaned


def clean_typed(text: str) -> str:
    """What a form field holds, perhaps half-typed, without secrets; the text itself when it has none."""
    if is_unfinished_address(text):
        return EMAIL
    return CARD if is_unfinished_card(text) else clean_text(text, Source.PAGE)
