"""The key of last resort, for markers whose strategy has failed."""

import hashlib

from retrospec.plugin import MarkerFacts

# What clusters have in the place of a strategy's name.
PLAIN = "plain"


def plain_text(marker: MarkerFacts) -> str:
    """What the SDK said, letter by letter."""
    return f"{marker.kind}\0{marker.hint}\0{marker.label}"


def plain_key(marker: MarkerFacts) -> str:
    """The key that needs no strategy: a hash of what the SDK said."""
    return f"{marker.kind}:{hashlib.sha256(plain_text(marker).encode()).hexdigest()[:16]}"
