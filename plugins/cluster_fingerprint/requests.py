"""Requests that failed: which service, which endpoint, which operation, and how."""

import re
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from retrospec.plugin import MarkerFacts
from retrospec_plugins.cluster_fingerprint.hosts import service
from retrospec_plugins.cluster_fingerprint.paths import template
from retrospec_plugins.cluster_fingerprint.text import TEXT, before_trail, straight
from retrospec_plugins.cluster_fingerprint.tokens import is_id
from retrospec_plugins.cluster_fingerprint.values import plain

Parts = list[tuple[str, str]]

_METHOD = r"(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE)"
_REQUEST = re.compile(
    rf"(?<![A-Za-z])(?:{_METHOD}[ :]+[\"']?)?"
    r"(?P<url>(?:https?:|wss?:)?//[^\s\"'|<>]+|(?<![\w.])/[^\s\"'|<>]*)",
    re.IGNORECASE,
)
_ORIGIN = re.compile(r"(?:https?:|wss?:)?//([^\s/?#|\"']+)", re.IGNORECASE)
_CLASS_AT_END = re.compile(r":(\d{3}|[45]xx|network(?:_error)?|timeout|abort(?:ed)?)$", re.IGNORECASE)
_STATUS = re.compile(
    r"\W*(?:(?:returned|responded|failed|rejected|answered|with|status|code|http|error|response|an?|the|got|was)\W+|"
    r"http/[\d.]+\s+){0,6}\(?([1-5])(\d\d)\b(?![.,]\d)",
    re.IGNORECASE,
)
_SOME_STATUS = re.compile(r"(?<![\w.,:/-])([45])(\d\d)(?![\w.,:-]*\w)")
_TIMEOUT = re.compile(r"time[d_ -]?\s?out|etimedout|econnaborted|deadline exceeded", re.IGNORECASE)
_ABORT = re.compile(r"\babort|cancell?ed", re.IGNORECASE)
_NETWORK = re.compile(
    r"network|failed to fetch|load failed|net::|err_|offline|connection|\bcors\b|\bdns\b|econn|enotfound|^\W*0\W*$",
    re.IGNORECASE,
)
_OPERATION = re.compile(
    r"(?:^|[&?])(?:op|op_?name|operation|operation_?name|query_?name|action|method|cmd|command|rpc|proc|procedure|func|"
    r"fn|do|act|mutation|request|soapaction|controller|wc-ajax|_method)=([^&#\s]*)",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"(?:^|[&?])(?:doc_?id|document_?id|query_?id|persisted_?query_?id|sha256hash)=([\w.:-]{1,128})", re.IGNORECASE
)
_HASH = re.compile(r"sha256hash\W{1,4}([0-9a-f]{16,64})", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:query|mutation|subscription)\s+([A-Za-z_]\w{0,79})")
_IN_TEXT = re.compile(r"operation_?(?:name)?[\"']?\s{0,2}[=:]\s{0,2}[\"']?([A-Za-z_]\w{0,79})", re.IGNORECASE)
_BRACKETED = re.compile(r"\s*[(\[#]?([A-Za-z_]\w{2,79})[)\]]?")
_GRAPH = re.compile(r"/(?:graphql|gql|graph|graphiql)(?:/|$)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][\w.:/-]{0,79}")


@lru_cache(maxsize=4096)
def _operation(query: str) -> str:
    """Names of operations in a query string, where one address serves many; other values tell nothing."""
    if "=" not in query:
        return ""
    names = []
    for raw in _OPERATION.findall(query):
        name = unquote(raw)
        if _NAME.fullmatch(name) and not any(is_id(run) for run in re.findall(r"[A-Za-z0-9]+", name)):
            names.append(name.casefold())
    if names:
        return "&".join(sorted(set(names)))
    text = unquote_plus(query)
    if "query=" in text and (named := _NAMED.search(text)):
        return named[1].casefold()
    document = _DOCUMENT.search(query) or _HASH.search(text)
    return document[1].casefold() if document else ""


def _graph_operation(path: str, rest: str, marker: MarkerFacts) -> str:
    """The operation of a GraphQL request whose address does not name it."""
    if not _GRAPH.search(path):
        return ""
    for text in (rest, marker.hint[:TEXT], before_trail(marker.evidence)):
        if found := _IN_TEXT.search(text) or _NAMED.search(text) or _HASH.search(text):
            return found[1].casefold()
    before = rest.partition("->")[0]
    found = _BRACKETED.fullmatch(before.strip()) if "->" in rest else None
    return found[1].casefold() if found else ""


@lru_cache(maxsize=2048)
def outcome(text: str) -> str:
    """How a request failed: `5xx`, `http404`, `timeout`, `network error` or `aborted`; empty if none of them."""
    if found := _STATUS.match(text):
        return "5xx" if found[1] == "5" else f"http{found[1]}{found[2]}"
    for name, pattern in (("timeout", _TIMEOUT), ("network error", _NETWORK), ("aborted", _ABORT)):
        if pattern.search(text):
            return name
    if found := _SOME_STATUS.search(text):
        return "5xx" if found[1] == "5" else f"http{found[1]}{found[2]}"
    return "5xx" if "5xx" in text.casefold() else ""


def _how(before: str, rest: str, hint: str, evidence: str) -> str:
    said = rest.rpartition("->")[2]
    for text in (said, hint.rpartition(":")[2], before_trail(evidence)[:200], before):
        if found := outcome(text):
            return found
    return plain(straight(said)) if any(map(str.isalnum, said)) else ""


def _split(url: str) -> tuple[str, str, str]:
    """Host, path and query of an address; the host is empty where it has none."""
    host = ""
    if "//" in url[:10]:
        host, slash, path = url.partition("//")[2].partition("/")
        host, mark, query = host.partition("?")
        path = slash + path if slash else ""
        if mark:
            return host, "", query
    else:
        path = url
    path, _, query = path.partition("#")[0].partition("?")
    return host, path, query


def request(marker: MarkerFacts) -> Parts:
    """Service, method, endpoint, operation and outcome."""
    label, hint = marker.label[:TEXT].strip(), marker.hint[:TEXT].removeprefix(f"{marker.kind}:")
    found = _REQUEST.search(label)
    before, rest = (label[: found.start()], label[found.end() :]) if found else ("", label)
    asked = found or _REQUEST.search(hint) or _REQUEST.search(before_trail(marker.evidence))
    if not asked:
        return [("message", plain(straight(label))), ("hint", plain(straight(hint)))]
    url = asked["url"].rstrip(".,;")
    if ended := _CLASS_AT_END.search(url):
        url, rest = url[: ended.start()], rest or ended[1]
    host, path, query = _split(url)
    if not host and (origin := _ORIGIN.search(hint)):
        host = origin[1]
    method = asked["method"] or ((other := _REQUEST.search(hint)) and other["method"]) or ""
    parts = [
        ("service", service(host) if host else ""),
        ("method", method.upper()),
        ("endpoint", template(path)),
        ("outcome", _how(before, rest, hint, marker.evidence)),
    ]
    operation = _operation(query) or _graph_operation(path, rest, marker)
    return [*parts, ("operation", operation)] if operation else parts
