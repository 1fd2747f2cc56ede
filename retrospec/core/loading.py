"""Loading what stays for good."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


@contextmanager
def lasting() -> Iterator[None]:
    """Make what is made meanwhile none of the garbage collector's business, now and later.

    Collecting in between took 0.1 of the 0.85 s of CPU that a start costs, and every later collection would look at
    all of it again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def named(module: str, name: str) -> Callable[..., Any]:
    """What a module calls by a name, loaded only now: where a process does one of several things."""
    with lasting():
        found: Callable[..., Any] = getattr(import_module(module), name)
    return found
