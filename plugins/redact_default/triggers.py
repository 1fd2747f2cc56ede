"""A quick look at an event's bytes: may there be anything to take out at all?

Most events of a recording are movements. Asking for literal bytes costs about 0.5 ms a megabyte each, an
alternation of the same words 60 ms, reading the JSON far more. Every pattern here begins with a literal (which `re`
looks for with memchr) or with one class, and is bounded or possessive: linear, whatever a client sends.
"""

import re

# In lower case. A superset of the names that `keys.looks_secret` accepts.
_WORDS = (b"pwd", b"secret", b"token", b"cookie", b"credential", b"jwt", b"srf", b"cvv", b"cvc", b"csc", b"bearer")
_KEYS = b"|".join(
    b"(?<=" + before + separator + b"key)"
    for before in (b"api", b"access", b"private", b"encryption", b"signing", b"subscription")
    for separator in (b"", b".")
)
_CUT_OFF = rb"[a-z_\x80-\xff][\w.\x80-\xff-]{0,1024}\""
_FOLDED = [
    rb"pass(?:w|phrase|code|(?![a-z]))",
    rb"auth(?:orization|(?![a-z]))",
    rb"key(?:" + _KEYS + rb")",
    rb"sess(?:ion)?.?id",
    rb"sid(?<![a-z]sid)(?![a-z])",
    rb"ssn(?<![a-z]ssn)(?![a-z])",
    rb"otp(?<![a-z]otp)(?![a-z])",
    rb"num(?:(?<=card.num)|(?<=cardnum)|(?<=cc.num)|(?<=ccnum))",
    rb"security.?code",
    rb"social.?security",
    rb"one.?time.?code",
    rb"signature(?:(?<=amz.signature)|(?<=goog.signature))",
    rb"basic(?: |%20|\+)",
    rb"://[^\s/@?#\"'<>\\]{1,1024}@",
    # An address, or one that a string ends in the middle of; rrweb/network@1 is neither.
    rb"@(?<=[\w.+\x80-\xff-]@)(?:\"|" + _CUT_OFF + rb"|[\w.\x80-\xff-]{1,1024}(?<=\.)[a-z\x80-\xff])",
    rb"%40",
]
_GAP = rb"(?:[ +-]|%20|\xc2\xa0)"
_RAW = [
    # A character written as \u0040 hides from every other pattern; control characters hide nothing.
    rb"\\u(?!00[01])",
    # camelCase: userSid.
    rb"S(?:id|ID|sn|SN)(?![a-z])",
    rb"O(?:tp|TP)(?![a-z])",
    # The letter of an escape like \n stands right before a word of the text.
    rb"eyJ(?:(?<![\w-]eyJ)|(?<=\\[bfnrt]eyJ))[\w-]{8,}+\.",
    # At least 11 digits, perhaps in groups. An event's timestamp begins with 1 until the year 2033.
    rb"[2-6](?<![0-9][2-6])(?<![0-9]\.[2-6])(?:[0-9]{10}"
    rb"|[0-9]{8,11}" + _GAP + rb"[0-9]{3}|[0-9]{3,7}" + _GAP + rb"(?:[0-9]{5}|[0-9]{3,9}" + _GAP + rb"[0-9]{3}))",
]
_FOLDED_SEARCHES = tuple(re.compile(pattern).search for pattern in _FOLDED)
_RAW_SEARCHES = tuple(re.compile(pattern).search for pattern in _RAW)


def may_hold_secrets(event: bytes) -> bool:
    """Whether it is worth reading the event. Never False for one that `clean_event` would change."""
    folded = event.lower()
    return (
        any(word in folded for word in _WORDS)
        or any(search(folded) for search in _FOLDED_SEARCHES)
        or any(search(event) for search in _RAW_SEARCHES)
    )
