"""Secrets that the server makes for itself, once for an installation."""

import secrets

from tortoise import fields
from tortoise.models import Model


class ServerSecret(Model):
    """A random value that every process of an installation shares."""

    name = fields.CharField(max_length=64, primary_key=True)
    value = fields.CharField(max_length=128)

    class Meta:
        table = "server_secrets"


async def shared_secret(name: str) -> str:
    """The secret of that name, made by whoever asks first.

    Args:
        name: What it is for, e.g. `user-hash`.
    """
    await ServerSecret.bulk_create([ServerSecret(name=name, value=secrets.token_hex(32))], ignore_conflicts=True)
    return (await ServerSecret.get(name=name)).value
