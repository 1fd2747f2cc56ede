"""Names of hosts without what tells deployments of one service apart."""

import re
from functools import lru_cache

from retrospec_plugins.cluster_fingerprint.tables import words
from retrospec_plugins.cluster_fingerprint.tokens import NAMES, is_id

# Where a service is tried out before visitors see it, and which colour or copy of it answered.
STAGES = words("""
    acc acceptance alpha beta blue canary ci demo dev devel develop development dr e2e feature green int integration
    lab local next nightly nonprod perf pprd ppe pre preprod preproduction preview prd prelive prod production qa
    qas rc release review sandbox sbx sit stage staging stg stable test testing tst uat www
""")
# Regions as clouds and companies write them.
REGIONS = words("""
    africa amer americas ams ams1 ams2 ams3 apac asia au australia br bom brazil ca canada canadacentral cdg
    centralus cn de dub eastasia eastus eastus2 emea es eu europe fr fra fra1 france germany gru hkg iad icn in
    india it japan jp kr latam lhr lon lon1 mx na nl northeurope nyc nyc1 nyc3 ord pl sea sfo sfo1 sfo2 sfo3 sg sgp
    sgp1 sin southeastasia syd uk uksouth ukwest us usa westeurope westus westus2 westus3
""")
_REGION = re.compile(
    r"(?<![a-z0-9])(?:(?:us|eu|ap|sa|ca|me|af|cn|il|mx)-(?:gov-)?(?:north|south|east|west|central){1,2}-?\d[a-z]?"
    r"|(?:us|europe|asia|australia|northamerica|southamerica|me|africa)-(?:north|south|east|west|central){1,2}\d"
    r"(?:-[a-z])?|(?:us|eu|ap|as|na|sa)\d{1,2})(?![a-z0-9])"
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[.*\]?")
_BRANCH = re.compile(r"(?:pr|mr|feature|feat|branch|review|deploy-preview|build|commit)-")
_COPY = re.compile(r"([a-z]{2,})\d{1,3}")


def _word(word: str) -> str:
    """`api2` and `api` are copies of one service; `s3` is a name, and `qa2` a stage."""
    copy = _COPY.fullmatch(word)
    name = copy[1] if copy and word not in NAMES else word
    return "" if name in STAGES or word in REGIONS or name in REGIONS or word.isdigit() else name


def _label(label: str) -> str:
    if _BRANCH.match(label):
        return ""
    words = [kept for word in label.split("-") if (kept := _word(word))]
    if len(words) > 2 and is_id(words[-1]):  # `shop-git-fix-cart-9f3a1c`, one deployment of many.
        words.pop()
    return "-".join(words)


def _domain(label: str) -> str:
    """The registered name: stages may stand in it, but its numbers belong to it."""
    return "-".join(word for word in label.split("-") if word not in STAGES) or label


@lru_cache(maxsize=2048)
def service(host: str) -> str:
    """What a host serves: `api-eu-west-1.staging.shop.example:8443` is `api.shop.example`.

    Args:
        host: Name or address, with or without port and password, of any case.
    """
    host = host.rpartition("@")[2].casefold()
    if _ADDRESS.match(host):
        return "ip"
    host = _REGION.sub("", host.partition(":")[0]).strip(".")
    *outer, domain, top = host.split(".") if "." in host else ("", host, "")
    kept = [found for label in outer if (found := _label(label))]
    return ".".join(part for part in (*kept, _domain(domain), top) if part)
