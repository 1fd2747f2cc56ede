"""Whether letters make a word that somebody chose, or were drawn at random."""

import re
from functools import lru_cache
from itertools import pairwise

from retrospec_plugins.cluster_fingerprint_v2.tables import words

# For each letter those that hardly ever follow it within a word of English or of an identifier: fewer than one in
# 8,000 pairs of letters. A random string soon has such a pair: two in three of six letters have two of them.
_RARELY_FOLLOWED_BY = {
    "a": "oq",
    "b": "ghkqvwxz",
    "c": "gjqvxz",
    "d": "hkqxz",
    "e": "jz",
    "f": "hjkpqvwxz",
    "g": "bfjkqvwxz",
    "h": "bcfghjkpqvxz",
    "i": "hijqwy",
    "j": "bcdfghijklmnpqrtvwxyz",
    "k": "bcfhjkmqvxz",
    "l": "hjqxz",
    "m": "cfghjqrvwxz",
    "n": "qxz",
    "o": "hqy",
    "p": "bjqvwxz",
    "q": "abcdefghijkmnopqrtvwxyz",
    "r": "hjqxz",
    "s": "bjxz",
    "t": "jqxz",
    "u": "hjkquvwyz",
    "v": "bdfghjklmnpqrstuvwxyz",
    "w": "bcfgjkmpqtuvwxyz",
    "x": "bdfghjklnqruvwz",
    "y": "dhjkquvxyz",
    "z": "bcdfghjklmnpqrstuvwxyz",
}
_RARE = frozenset(first + second for first, row in _RARELY_FOLLOWED_BY.items() for second in row)

# No word begins with these, though each pair occurs within words.
_NO_BEGINNING = words("""
    bd bt cd cf cm cp ct dc df dg dl dm dn dp dt ft gd gm gt kd kg kp kr kt lb lc ld lf lg lk lm ln lp lr ls lt lv
    lw mb md mk ml mn mp mt nb nc nd nf ng nj nk nl nm np nr ns nt nv nw pd pf pg pk pm pt rb rc rd rf rg rk rl rm
    rn rp rs rt rv rw sg tb tc td tf tg tk tl tm tn tp tt tv wd wl wn ws
""")
_VOWEL = re.compile("[aeiouy]")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# Parts of camelCase names that are shorter than words, or shaped like none.
_SHORT_HUMPS = words("""
    a an as at by db do fs go gw hq hr id if in io ip is it js me ml my no of ok on op or os pk pm qa qr rx so sms
    ssl sso sku tax tls to tv tx ui up add all and any bid box bot car day doc end fee for get hub key log map net
    new non not old one opt out pay pet pre pro pub ref run set sub sum tag the top try two use var web job put has
    let us ux v vm vs we ws x xp y api app bff cdn cms cpu crm css csv dns dom dto eta faq gps gql hls html http
    https ids iot jwt kpi kyc lms mfa min max mp npm nps oem otp pdf pin png pos psp rgb rpc rss rtc saml sdk seo
    sla sql svg txn uri url urls utm uuid vat vip vpn wms xhr xml zip
""")


def rare_pairs(word: str) -> int:
    """Count the pairs of neighbours in a lower-case word that words hardly have."""
    return sum(map(_RARE.__contains__, map("".join, pairwise(word))))


def _hump(part: str, of_many: bool) -> bool:
    """Whether letters between capitals are a word or a common abbreviation.

    Args:
        part: A lower-case run with or without a capital before it, or a run of capitals.
        of_many: Longer words stand beside it, so that an unknown abbreviation is likely one.
    """
    lower = part.casefold()
    if lower in _SHORT_HUMPS:
        return True
    if len(lower) <= 2 or lower[:2] in _NO_BEGINNING or not _VOWEL.search(lower):
        return of_many and part.isupper() and len(part) > 1
    if len(lower) == 3 or part.isupper():
        return of_many
    return rare_pairs(lower) == 0 or len(lower) > 7


@lru_cache(maxsize=4096)
def drawn(letters: str) -> bool:
    """Whether ASCII letters, case as it stands, were drawn at random: `kptoGi` was, `getUserId` and `mgmt` were not.

    One case throughout says little, so it takes six letters and several rare pairs there.
    """
    if letters.islower() or letters.isupper() or letters[1:].islower():
        rare = rare_pairs(letters.casefold()) if len(letters) >= 6 else 0
        return rare >= 2 and rare * 6 >= len(letters)
    humps = _HUMPS.findall(letters.replace("OAuth", "Oauth").replace("GraphQL", "Graphql"))
    words = sum(len(hump) >= 4 and _hump(hump, of_many=False) for hump in humps)
    return len(humps) > len(letters) / 2.5 or not all(_hump(hump, of_many=words > 0) for hump in humps)


def unlike_words(letters: str) -> bool:
    """Whether a lower-case stem with digits behind it is hardly a name: `wjepf`, not `phase`."""
    return bool(rare_pairs(letters)) or (
        len(letters) > 3 and (letters[:2] in _NO_BEGINNING or not _VOWEL.search(letters))
    )
