"""What a project may make a sink of: which plugins, and which settings these take."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from pydantic import ValidationError

from retrospec.alerts import sink_secrets
from retrospec.alerts.sink_secrets import without_any_of
from retrospec.core.errors import Invalid
from retrospec.plugin import AlertSink, Registration
from retrospec.plugin.addresses import is_odd_literal, is_public
from retrospec.plugin.manager import PluginHost

_LARGEST = 65_536
_URLS = frozenset({"url", "urls", "webhook_url", "endpoint"})
_HOSTS = frozenset({"host", "hostname", "server"})


class SinkTypes:
    """The plugins that a project may make a sink of."""

    def __init__(self, plugins: PluginHost, *, allow_private: bool) -> None:
        """Take in what there is.

        Args:
            plugins: What is installed.
            allow_private: Any plugin and any address will do, also a plugin that does not say that it keeps to the
                network that it is given.
        """
        self._plugins = plugins
        self._allow_private = allow_private

    def usable(self) -> list[str]:
        """Names of the plugins that a project may use, sorted."""
        return [name for name in self._plugins.names(AlertSink) if self._may_use(self._offer(name))]

    def check(self, kind: str, settings: Mapping[str, Any]) -> None:
        """Refuse settings that the plugin would not take, or that lead where no project's sink may go.

        A name is looked up only when something is sent: the network that the sink is given sees to that.

        Args:
            kind: Name of the plugin.
            settings: As they were sent, secrets in clear.

        Raises:
            Invalid: There is no such plugin for projects, or a setting cannot be used; `detail` names the field.
        """
        offer = self._usable(kind)
        if len(msgspec.json.encode(settings)) > _LARGEST:
            raise Invalid("settings are larger than 64 KiB", detail="settings")
        if offer.settings is None:
            if settings:
                raise Invalid(f"a sink of type {kind} takes no settings", detail="settings")
            return
        try:
            offer.settings.model_validate(dict(settings))
        except ValidationError as mistakes:
            raise _refusal(mistakes, settings) from None
        if not self._allow_private:
            _check_addresses(settings)

    def problem(self, kind: str, settings: Mapping[str, Any]) -> str:
        """Why a sink that was made earlier cannot be used now; empty when it can."""
        try:
            self.check(kind, settings)
        except Invalid as mistake:
            return str(mistake)
        return ""

    def shown(self, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings without their secrets, as `sink_secrets.shown` has it."""
        offer = self._offer(kind)
        return sink_secrets.shown(offer.settings if offer else None, settings)

    def merged(self, kind: str, stored: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with some of them changed, as `sink_secrets.merged` has it."""
        return sink_secrets.merged(self._usable(kind).settings, stored, patch)

    def _offer(self, kind: str) -> Registration | None:
        return self._plugins.offer(AlertSink, kind)

    def _usable(self, kind: str) -> Registration:
        offer = self._offer(kind)
        usable = ", ".join(self.usable()) or "none"
        if offer is None:
            raise Invalid(f"type {kind[:64]!r} is not installed; those that may be used are {usable}", detail="type")
        if not self._may_use(offer):
            raise Invalid(
                f"a sink of type {kind} can only be configured in the server's settings, as [alerts.<name>]: it does "
                f"not say that it keeps away from private networks; those that may be used are {usable}",
                detail="type",
            )
        return offer

    def _may_use(self, offer: Registration | None) -> bool:
        return self._allow_private or bool(getattr(offer and offer.factory, "guarded", False))


def _refusal(mistakes: ValidationError, settings: Mapping[str, Any]) -> Invalid:
    """What is wrong, by field. Nothing that was sent is told again: a plugin may have put a secret into its words."""
    said = {
        ".".join(("settings", *map(str, mistake["loc"]))): mistake["msg"].removeprefix("Value error, ")
        for mistake in mistakes.errors(include_input=False, include_context=False, include_url=False)
    }
    text = "; ".join(f"{field}: {reason[:1].lower()}{reason[1:]}" for field, reason in said.items())
    return Invalid(without_any_of(settings, text), detail=", ".join(said))


def _check_addresses(settings: Mapping[str, Any]) -> None:
    for field, host in _hosts(settings, "settings", ""):
        if _is_private(host):
            raise Invalid(f"{field}: leads into a private or special network, where no sink may go", detail=field)


def _hosts(value: Any, field: str, name: str) -> Iterator[tuple[str, str]]:
    """The hosts that settings name outright, by field."""
    match value:
        case dict():
            for inner, one in value.items():
                yield from _hosts(one, f"{field}.{inner}", inner)
        case list():
            for place, one in enumerate(value):
                yield from _hosts(one, f"{field}.{place}", name)
        case str() if name in _URLS:
            yield field, _host_of(value)
        case str() if name in _HOSTS:
            yield field, value


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_private(host: str) -> bool:
    bare = host.strip().strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost") or is_odd_literal(bare):
        return True
    try:
        return not is_public(ipaddress.ip_address(bare))
    except ValueError:
        return False
