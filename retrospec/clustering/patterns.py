"""Patterns that people write, compiled: globs, which never take long, and regexes under a time limit."""

import re

import regex

# Long enough for what one sentence says; what is longer is several rules.
PATTERN_LIMIT = 500
# What ingest cuts these texts to.
LENGTHS = {"kind": 32, "route": 2000, "label": 500, "evidence": 4000}

Groups = dict[str, str]


class Pattern:
    """One pattern, ready to be held against texts.

    A time limit costs 1.4 microseconds a call, so that only patterns have one that may need it.

    Attributes:
        names: Of its named groups.
    """

    def __init__(self, compiled: "regex.Pattern[str]", *, whole: bool) -> None:
        self._find = compiled.fullmatch if whole else compiled.search
        self._limited = not whole
        self.names = set(compiled.groupindex)

    def groups(self, text: str, seconds: float) -> Groups | None:
        """The named groups of a match, or None where there is no match.

        Args:
            text: As it is stored.
            seconds: How long it may take.

        Raises:
            TimeoutError: It took longer.
        """
        found = self._find(text, timeout=seconds) if self._limited else self._find(text)
        return None if found is None else {name: value or "" for name, value in found.groupdict().items()}


def of_glob(glob: str) -> Pattern:
    """A pattern of `*` (any text) and `?` (any character) for the whole text, whatever its case.

    Each piece between stars is taken where it stands first and never tried elsewhere, so that the time it takes grows
    with the text's length and no faster.
    """
    first, *pieces = ("".join("." if one == "?" else re.escape(one) for one in piece) for piece in glob.split("*"))
    if pieces:
        *between, last = pieces
        first += "".join(f"(?>.*?{piece})" for piece in between if piece) + f".*{last}"
    return Pattern(regex.compile(first, regex.IGNORECASE | regex.DOTALL), whole=True)


def of_regex(text: str) -> Pattern:
    """A pattern that is searched for anywhere in a text, in the syntax of Python's `re`.

    Raises:
        regex.error: It is none.
    """
    return Pattern(regex.compile(text, regex.VERSION0), whole=False)
