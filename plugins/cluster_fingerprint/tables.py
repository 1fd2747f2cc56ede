"""How the tables of this package are written down."""

from collections.abc import Iterator


def words(text: str) -> frozenset[str]:
    """Make a table of words that are divided by spaces."""
    return frozenset(text.split())


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Read a table of entries `head: text`, whose texts go on in lines that begin with a space.

    Yields:
        Head and text of each, in order, the text as one line.
    """
    for entry in text.strip().replace("\n ", " ").splitlines():
        head, _, rest = entry.partition(":")
        yield head, rest
