"""Moves that are killed."""

import random
from datetime import datetime

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.rekeying.lease import Lease, Progress


class Killed(BaseException):
    """What a process that is killed feels."""


class Killing:
    """Kills steps, before or after they are committed, once it is given a chance.

    Attributes:
        chance: When; None kills nothing.
        kills: How often it has.
    """

    def __init__(self) -> None:
        self.chance: random.Random | None = None
        self.kills = 0

    def strike(self) -> None:
        """Kill now and then."""
        if self.chance is not None and self.chance.random() < 0.2:
            self.kills += 1
            raise Killed


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> Killing:
    """Kills every third step of every move."""
    killing, confirm, write = Killing(), Lease.confirm, Lease.write

    def confirmed(lease: Lease, progress: Progress, token: datetime) -> None:
        killing.strike()
        confirm(lease, progress, token)

    async def written(lease: Lease, db: BaseDBAsyncClient, progress: Progress) -> datetime:
        token = await write(lease, db, progress)
        killing.strike()
        return token

    monkeypatch.setattr(Lease, "confirm", confirmed)
    monkeypatch.setattr(Lease, "write", written)
    return killing
