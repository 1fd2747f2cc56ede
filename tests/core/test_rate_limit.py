from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrospec.core.counters import Counters
from retrospec.core.errors import RateLimited
from retrospec.core.rate_limit import RateLimiter
from retrospec.plugin.testing.clock import VirtualClock

REFUSED = ("retrospec_rate_limited_total", ())


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def limiter(clock: VirtualClock, counters: Counters) -> Callable[..., RateLimiter]:
    def make(rate: float = 25, burst: int = 50, clients: int = 20_000) -> RateLimiter:
        return RateLimiter(rate, burst, counters, clients=clients, clock=clock)

    return make


def passes(limiter: RateLimiter, address: str = "192.0.2.1") -> bool:
    try:
        limiter.admit(address)
    except RateLimited:
        return False
    return True


@pytest.mark.parametrize(("rate", "burst"), [(25, 50), (25, 10), (3, 7), (0.1, 1), (0.3, 3), (100_000, 1000)])
def test_a_burst_passes_at_once_and_not_one_more(
    rate: float, burst: int, limiter: Callable[..., RateLimiter], counters: Counters
) -> None:
    gate = limiter(rate, burst)

    assert [passes(gate) for _ in range(burst + 1)] == [True] * burst + [False]
    assert counters.drain()[REFUSED] == 1


def test_over_time_the_rate_passes(limiter: Callable[..., RateLimiter], clock: VirtualClock) -> None:
    gate = limiter(rate=25, burst=50)
    passed = 0
    for _ in range(10_000):
        passed += passes(gate)
        clock.advance(0.001)

    assert passed == pytest.approx(50 + 25 * 10, abs=1)


@given(st.lists(st.floats(0, 3), max_size=200), st.floats(0.1, 100), st.integers(1, 20))
def test_never_more_than_the_burst_and_the_rate_together(pauses: list[float], rate: float, burst: int) -> None:
    clock = VirtualClock()
    gate = RateLimiter(rate, burst, Counters(), clock=clock)
    times: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        if passes(gate):
            times.append(clock())

    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + rate * (times[last] - times[first]) + 0.01


@pytest.mark.parametrize(("rate", "burst"), [(25, 50), (0.2, 1), (7, 3)])
def test_retry_after_is_true(rate: float, burst: int, limiter: Callable[..., RateLimiter], clock: VirtualClock) -> None:
    gate = limiter(rate, burst)
    while passes(gate):
        pass
    with pytest.raises(RateLimited) as refused:
        gate.admit("192.0.2.1")
    wait = refused.value.retry_after
    assert wait is not None

    clock.advance(wait * 0.9)
    assert not passes(gate)
    clock.advance(wait * 0.1)
    assert passes(gate)


def test_refused_requests_do_not_lengthen_the_wait(limiter: Callable[..., RateLimiter], clock: VirtualClock) -> None:
    gate = limiter(rate=1, burst=1)
    assert passes(gate)
    for _ in range(1000):
        assert not passes(gate)

    clock.advance(1)
    assert passes(gate)


@pytest.mark.parametrize(("rate", "burst"), [(0, 50), (25, 0), (0, 0)])
def test_zero_in_either_setting_is_off(rate: float, burst: int, limiter: Callable[..., RateLimiter]) -> None:
    gate = limiter(rate, burst)

    assert all(passes(gate) for _ in range(1000))


def test_clients_have_an_allowance_each(limiter: Callable[..., RateLimiter]) -> None:
    gate = limiter(burst=1)

    assert [passes(gate, a) for a in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "")] == [True, True, False, True]


def test_ipv6_clients_are_told_apart_by_their_network(limiter: Callable[..., RateLimiter]) -> None:
    gate = limiter(burst=1)

    assert passes(gate, "2001:db8:0:1::1")
    assert not passes(gate, "2001:db8:0:1:ffff::2")
    assert passes(gate, "2001:db8:0:2::1")


def test_what_is_remembered_stays_small_under_many_addresses(limiter: Callable[..., RateLimiter]) -> None:
    gate = limiter(clients=100)
    for n in range(1000):
        assert passes(gate, f"10.0.{n // 256}.{n % 256}")

    assert len(gate._whole_at) == 100


def test_clients_that_went_away_are_forgotten(limiter: Callable[..., RateLimiter], clock: VirtualClock) -> None:
    gate = limiter()
    for n in range(100):
        passes(gate, f"10.0.0.{n}")
    clock.advance(10)
    for _ in range(60):
        passes(gate, "192.0.2.1")

    assert list(gate._whole_at) == ["192.0.2.1"]


def test_whoever_hammers_is_not_forgotten_for_others(limiter: Callable[..., RateLimiter]) -> None:
    gate = limiter(burst=1, clients=10)
    assert passes(gate, "192.0.2.1")
    for n in range(100):
        assert not passes(gate, "192.0.2.1")
        assert passes(gate, f"10.0.0.{n}")
