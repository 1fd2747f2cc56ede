"""Card numbers within a text: 13 to 19 digits that an issuer may have given out, and whose check digit is right."""

import re
from collections.abc import Iterator

CARD = "[card]"

# Neither within a word or a hash, nor the digits behind a decimal point.
_DIGITS = re.compile(r"[2-6](?<![^\W_][2-6])(?<![0-9]\.[2-6])[0-9]{3,18}(?:(?:[ +\-\u00a0]|%20)[0-9]{3,9}){0,5}")
_GROUP = re.compile(r"(?:%20)?([0-9]+)")
_ISSUED = re.compile(
    r"4[0-9]{12}(?:[0-9]{3}){0,2}"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:30[0-5]|36[0-9]|3[89][0-9])[0-9]{11}(?:[0-9]{2,5})?"  # Diners Club
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12,15}"  # JCB
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2}|60[0-9]{2}|220[0-4])[0-9]{12,15}"  # Discover, UnionPay, RuPay, Mir
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{9,15}"  # Maestro
)
# A number of which digits are still to come: more than the first six and last four that may be shown.
_BEGUN = re.compile(
    r"(?:3[47][0-9]{9,12}|(?:30[0-5]|36[0-9]|3[89][0-9])[0-9]{8,10}"
    r"|(?:4[0-9]{3}|5[0-8][0-9]{2}|2[2-7][0-9]{2}|35[2-8][0-9]|6[0-9]{3})[0-9]{7,11})"
)
_SPACES = str.maketrans("", "", " -")
_DOUBLED = str.maketrans("0123456789", "0246813579")


def is_card(digits: str) -> bool:
    """Whether these bare digits are a card number."""
    if not _ISSUED.fullmatch(digits):
        return False
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def _card_end(text: str, run: re.Match[str]) -> int | None:
    """Where the longest card number that starts with this run of digits ends."""
    digits, found = "", None
    for group in _GROUP.finditer(text, run.start(), run.end()):
        digits += group[1]
        following = text[group.end() : group.end() + 2]
        closed = not following[:1].isalnum() and not (following[:1] == "." and following[1:].isdigit())
        if closed and len(digits) > 12 and is_card(digits):
            found = group.end()
    return found


def _pieces(text: str) -> Iterator[str]:
    done = at = 0
    while run := _DIGITS.search(text, at):
        end = _card_end(text, run)
        if end is None:
            at = run.start() + 1
            continue
        yield text[done : run.start()]
        yield CARD
        done = at = end
    yield text[done:]


def without_cards(text: str) -> str:
    """The text with each card number replaced. Takes time linear in its length: a run has at most 70 characters."""
    return "".join(_pieces(text))


def is_unfinished_card(text: str) -> bool:
    """Whether this is a card number in the middle of being typed; the check digit would tell the last digit."""
    return 10 < len(text) <= 24 and bool(_BEGUN.fullmatch(text.translate(_SPACES)))
