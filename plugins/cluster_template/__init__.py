"""Groups messages by templates that it learns: what stays the same is the failure, what varies is a value.

It needs no rules, and learns what is usual on a site; `fingerprint` knows browsers and is the better choice for most.
Mined by drain3, which `pip install retrospec[template]` brings.
"""

from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from retrospec.plugin import ClusteringStrategy, Explanation, MarkerFacts, clustering_strategy
from retrospec_plugins.cluster_template.masks import tokens
from retrospec_plugins.cluster_template.miner import Miner, Template, digest

_FORM = 1
# How many words at the beginning always tell two failures apart. Of a request they are its status, its method and where
# it went: to take `orders` and `carts` for two values of one word would hide one behind the other.
_FIXED_WORDS = 3
_FIXED = {"api_error": 8}


class TemplateSettings(BaseModel):
    """The section `[clustering.template]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    similarity: float = Field(0.7, gt=0, le=1, description="Share of equal words that makes two messages one failure")
    max_templates: int = Field(
        5_000, ge=10, le=50_000, description="Templates kept of each kind; the least recently used are forgotten"
    )


class _State(msgspec.Struct):
    """What is kept of all kinds."""

    form: int
    templates: dict[str, list[Any]]


@clustering_strategy("template", "Learns templates of messages, by drain3", settings=TemplateSettings)
class TemplateStrategy(ClusteringStrategy):
    version: ClassVar[int] = 1
    learns: ClassVar[bool] = True

    def __init__(self, settings: TemplateSettings | None = None) -> None:
        if find_spec("drain3") is None:
            raise ModuleNotFoundError("drain3 is not installed: pip install 'retrospec[template]'")
        self._settings = settings or TemplateSettings()
        self._miners: dict[str, Miner] = {}
        self._changed = False

    def keys(self, markers: Sequence[MarkerFacts]) -> Sequence[str]:
        return [f"{marker.kind}:{self._digest(marker)}" for marker in markers]

    def _digest(self, marker: MarkerFacts) -> str:
        birth, is_new = self._miner(marker.kind).learn(words(marker))
        self._changed |= is_new
        return self._key(marker.kind, birth)

    def _key(self, kind: str, birth: str) -> str:
        return sha256(self._text(kind, birth).encode("utf-8", "replace")).hexdigest()[:16]

    def _text(self, kind: str, birth: str) -> str:
        return f"template {self.version}\x1f{kind}\x1f{birth}"

    def explain(self, marker: MarkerFacts) -> Explanation:
        """Learns nothing: a marker that would begin a template is told with the key that it would get."""
        said = words(marker)
        found = self._miner(marker.kind).find(said)
        template, birth = (found.tokens, found.birth) if found else (said, digest(said))
        return Explanation(
            key=f"{marker.kind}:{self._key(marker.kind, birth)}",
            parts=(("template", " ".join(template)),),
            steps=(("words", " ".join(said)), ("messages of this template", str(found.size if found else 0))),
            text=self._text(marker.kind, birth),
        )

    def state(self) -> str | None:
        if not self._changed:
            return None
        self._changed = False
        templates: dict[str, list[Any]] = {kind: miner.templates() for kind, miner in self._miners.items()}
        return msgspec.json.encode(_State(_FORM, templates)).decode("utf-8", "replace")

    def adopt(self, state: str) -> None:
        try:
            given = msgspec.json.decode(state, type=_State)
            templates = {kind: msgspec.convert(list_, list[Template]) for kind, list_ in given.templates.items()}
        except (msgspec.MsgspecError, UnicodeError) as mistake:
            raise ValueError(f"no state of this strategy: {mistake}") from None
        if given.form != _FORM:
            raise ValueError(f"a state of form {given.form}; this version reads form {_FORM}")
        for kind in self._miners.keys() | templates.keys():
            self._changed |= self._miner(kind).adopt(templates.get(kind, []))

    def _miner(self, kind: str) -> "Miner":
        miner = self._miners.get(kind)
        if miner is None:
            fixed = _FIXED.get(kind, _FIXED_WORDS)
            miner = Miner(similarity=self._settings.similarity, most=self._settings.max_templates, fixed=fixed)
            self._miners[kind] = miner
        return miner


def words(marker: MarkerFacts) -> list[str]:
    """What templates are mined of: the words of the label, or of the hint where it has none."""
    said = tokens(marker.label) or tokens(marker.hint.removeprefix(f"{marker.kind}:"))
    return [word.encode("utf-8", "replace").decode() for word in said]
