"""What it learns: one template for what varies, others for what does not; bounded, carried on, and told."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from retrospec.core.db import Database
from retrospec.core.settings_sources import load
from retrospec.issues.models import StrategyState
from retrospec.issues.strategy_states import StrategyStates
from retrospec.plugin import MarkerFacts
from retrospec.plugin.testing.clustering import ClusteringSuite
from retrospec.serving import listening
from retrospec_plugins import cluster_template
from retrospec_plugins.cluster_template import TemplateSettings, TemplateStrategy
from retrospec_plugins.cluster_template.masks import TOKENS, tokens
from tests.client import UNLIMITED, Client, marker


class TestConformance(ClusteringSuite):
    @pytest.fixture
    def strategy(self) -> TemplateStrategy:
        return TemplateStrategy()


def facts(label: str, kind: str = "api_error") -> MarkerFacts:
    return MarkerFacts("/checkout", kind, "", label, "")


def keys(strategy: TemplateStrategy, *labels: str, kind: str = "api_error") -> list[str]:
    return list(strategy.keys([facts(label, kind) for label in labels]))


# One failure each: the messages of a row belong together, those of two rows apart.
FAMILIES: Sequence[Sequence[str]] = (
    ("GET /api/orders/10293 -> 500", "GET /api/orders/77 -> 500", "GET /api/orders/4?full=1 -> 500"),
    ("GET /api/orders/10293 -> 404", "GET /api/orders/77 -> 404"),
    ("POST /api/orders/10293 -> 500", "POST /api/orders/12 -> 500"),
    ("GET /api/v2/carts/10293/items -> 500", "GET /api/v2/carts/1/items -> 500"),
    ("GET /api/v2/carts/10293/prices -> 500", "GET /api/v2/carts/1/prices -> 500"),
    (
        "Session 3f2b8c1e-9d4a-4b6f-8a1c-2e5d7f9b0c3a expired at 2026-11-26T10:00:00Z",
        "Session 0d1c2b3a-1111-4222-8333-444455556666 expired at 2026-11-27T23:59:59.123Z",
    ),
    ('The coupon "SUMMER26" of joe@example.com is used up', 'The coupon "XMAS" of ann@mail.example is used up'),
    ("Upload of 12 files failed after 3,5 s", "Upload of 7 files failed after 10.25 s"),
    ("Commit deadbeef42 is not there", "Commit 00c0ffee77aa is not there"),
)


def test_what_varies_is_one_failure_and_what_does_not_is_another() -> None:
    strategy = TemplateStrategy()

    found = [keys(strategy, *family) for family in FAMILIES]

    assert [len(set(family)) for family in found] == [1] * len(FAMILIES)
    assert len({family[0] for family in found}) == len(FAMILIES)


def test_a_word_that_varies_is_learnt_and_the_key_stays_as_it_was() -> None:
    strategy = TemplateStrategy()
    modules = [f"could not load the module {name} from the cache" for name in ("checkout", "cart", "login", "search")]

    first, *later = keys(strategy, *modules, kind="js_exception")

    assert set(later) == {first}
    told = strategy.explain(facts("could not load the module help from the cache", "js_exception"))
    (template,) = dict(told.parts).values()
    assert template == "could not load the module <*> from the cache"


def test_an_explanation_tells_the_key_and_learns_nothing() -> None:
    strategy = TemplateStrategy()
    told = strategy.explain(facts("GET /api/carts/9 -> 503"))

    assert strategy.state() is None
    assert [told.key] == keys(strategy, "GET /api/carts/9 -> 503")
    assert strategy.explain(facts("GET /api/carts/10 -> 503")).key == told.key


def test_it_keeps_no_more_templates_than_it_may_and_its_state_is_bounded() -> None:
    strategy = TemplateStrategy(TemplateSettings(max_templates=50))
    for number in range(2_000):
        word = "".join(chr(ord("a") + int(digit)) for digit in f"{number:05}")
        keys(strategy, f"{word} {word[::-1]} went {word[1:]} wrong {word[2:]}")

    state = strategy.state()

    assert state is not None
    assert state.count("went") <= 50
    assert len(state) < 50 * 500
    (miner,) = strategy._miners.values()
    assert len(miner) <= 50
    assert len(miner._births) <= 100


def test_a_message_without_end_is_read_as_far_as_a_label_goes() -> None:
    assert len(tokens("word " * 100_000)) == TOKENS


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_template, "find_spec", lambda _: None)

    with pytest.raises(ModuleNotFoundError, match=r"drain3 is not installed: pip install 'retrospec\[template\]'"):
        TemplateStrategy()


def test_a_server_that_does_not_use_it_does_not_load_its_library() -> None:
    script = (
        "import sys; from retrospec_plugins.cluster_template import TemplateStrategy as T; T(); print(*sys.modules)"
    )

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert "retrospec_plugins.cluster_template.miner" in loaded
    assert "drain3" not in loaded


class TestStates:
    async def test_processes_that_learn_at_once_lose_nothing_and_end_with_the_same(self, database: Database) -> None:
        strategies = [TemplateStrategy() for _ in range(4)]
        states = [StrategyStates(database, {"template": strategy}) for strategy in strategies]
        for number, strategy in enumerate(strategies):
            keys(strategy, *FAMILIES[number], *FAMILIES[number + 1])

        for _ in range(3):
            await asyncio.gather(*(state.sync() for state in states))
        for state in states:
            await state.sync()

        messages = [message for family in FAMILIES[:5] for message in family]
        found = [keys(strategy, *messages) for strategy in strategies]
        assert found[1:] == [found[0]] * 3
        assert len(set(found[0])) == 5

    async def test_a_strategy_that_nobody_taught_writes_nothing(self, database: Database) -> None:
        states = StrategyStates(database, {"template": TemplateStrategy()})
        await states.load()
        await states.sync()

        assert not await StrategyState.exists()

    async def test_a_state_that_cannot_be_read_is_replaced_by_what_is_learnt_next(
        self, database: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        strategy = TemplateStrategy()
        states = StrategyStates(database, {"template": strategy})
        keys(strategy, "one message")
        await states.sync()
        await StrategyState.filter(strategy="template").update(state="garbage", revision=7)

        await states.sync()
        keys(strategy, "another kind of message altogether")
        await states.sync()

        kept = await StrategyState.get(strategy="template")
        assert "altogether" in kept.state
        assert kept.revision == 8


async def test_a_server_goes_on_where_the_one_before_it_ended(database_url: str, tmp_path: Path) -> None:
    given = {
        "orchestrator_port": 0,
        "database_url": database_url,
        "data_dir": tmp_path / "data",
        **UNLIMITED,
        "clustering_strategy": "template",
        "clustering": {"template": {"similarity": 0.6}},
    }
    found: set[str] = set()
    for words in (("cart", "login", "search"), ("help",)):
        async with listening(load({}, **given)) as running, Client(running) as client:
            for word in words:
                failure = marker(kind="js_exception", label=f"could not load the module {word} from the cache")
                answer = await client.ingest(f"s-{word}", failure)
                found.add(answer["session"]["markers"][0]["clusterKey"])

    assert len(found) == 1
