"""Which names look as if a secret stood under them, and which values under them are none."""

import re
from functools import lru_cache


def words(text: str) -> frozenset[str]:
    """The set of words in a text with spaces between them."""
    return frozenset(text.split())


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# Looked for within the name without its separators, so that accessToken, access_token and ACCESSTOKEN are one.
_WITHIN = re.compile(
    r"passw(?:or)?d|passphrase|passcode|pwd|secret(?!ar)|token(?!i[sz])|authorization|cookie|credential"
    r"|(?:api|access|private|encryption|signing|subscription)key|sess(?:ion)?id|jwt|[cx]srf|cvv|cvc"
    r"|(?:card|cc)num|securitycode|cccsc|onetimecode|(?:amz|goog)signature|socialsecurity"
)
# Too short to be looked for within other words: "ssn" is in "className", "otp" in "footprint".
_WHOLE = words("auth bearer otp pass sid ssn")
# The value only tells about the secret (tokenType, password_length), or the name is a file's (token.js:10).
_ABOUT = words(
    "at banner consent count enabled error errors expiration expires expiry hint id ids in invalid label length limit"
    " message name placeholder policy required scheme state status strength symbol title ttl type url usage valid"
    " visibility visible"
    " cjs css go htm html java js json jsx map mjs php png py rb scss svelte svg ts tsx vue"
)
_COMMON = re.compile(r"(?<![A-Za-z])(?:auth|bearer|cookies?|otp|pass|sid|ssn)$", re.IGNORECASE)
_SESSION_ID = re.compile(r"sess(?:ion)?id$")

# What fetch takes as `credentials`, what a switch says.
_NOTHING = words("0 1 true false null undefined none on off yes no include omit same-origin")
_MASK = frozenset("*•●")


@lru_cache(maxsize=4096)
def _looks_secret(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    joined = "".join(words)
    if _SESSION_ID.search(joined):
        return True
    return words[-1] not in _ABOUT and bool(words[-1] in _WHOLE or _WITHIN.search(joined))


def looks_secret(name: str) -> bool:
    """Whether a secret may stand under this key, header, parameter or name of a form field."""
    # Longer names are texts that became keys; they would fill the cache with a client's data.
    return 2 < len(name) <= 64 and _looks_secret(name)


def is_common_word(name: str) -> bool:
    """Whether the name is a word that sentences use too ("auth: signed in", "About cookies: see below")."""
    return bool(_COMMON.search(name))


def says_nothing(value: str) -> bool:
    """Whether a value under a secret's name is none: a switch, a mode, or masked already."""
    return value.lower() in _NOTHING or _MASK.issuperset(value)


def looks_opaque(value: str) -> bool:
    """Whether a value is made for machines: one run of characters, with digits or capitals within, or a long one."""
    if len(value) < 6 or any(character.isspace() for character in value):
        return False
    return (
        len(value) >= 20
        or any(character.isdigit() for character in value)
        or value[1:] not in (value[1:].lower(), value[1:].upper())
    )
