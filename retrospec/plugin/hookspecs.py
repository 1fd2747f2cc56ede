"""Every hook that Retrospec calls. All are synchronous; async lives on what they return."""

from collections.abc import Iterable

import pluggy

from retrospec.plugin.commands import PluginCommand
from retrospec.plugin.events import IssuePromoted, IssueStateChanged, SessionIngested
from retrospec.plugin.registration import Registration
from retrospec.plugin.web import PluginRoute

hookspec = pluggy.HookspecMarker("retrospec")
hookimpl = pluggy.HookimplMarker("retrospec")


@hookspec
def retrospec_register() -> Iterable[Registration]:  # type: ignore[empty-body]
    """Name what this plugin offers.

    Called once per application, before anything is opened, in order of loading: the plugins that
    come with Retrospec, then installed packages, then the files of the plugins folder by name. A
    module that only uses the decorators (`@alert_sink(...)` and its kin) needs no hook: what they
    mark is offered for it. Within a family a later offer of a name that is taken is refused, and
    its plugin shown as failed. An exception leaves this plugin out, and is shown by
    `retrospec plugins`; the others still load.

    Returns:
        One `Registration` for each thing offered.
    """


@hookspec
def retrospec_session_ingested(event: SessionIngested) -> None:
    """Hear that a session was written.

    Called by servers, after the transaction has committed, and waited for by no request; in the plugin's own thread,
    one event after the other in the order in which they happened in this process. At most once:
    what does not fit into the queue of 1,000 events, or comes while the plugin is left alone because it failed five
    times in a row, is dropped, and counted in `retrospec_plugin_events_dropped_total`. What it raises is logged and
    counted; whoever must hear of everything is an alert sink.

    Args:
        event: What was written.
    """


@hookspec
def retrospec_issue_promoted(event: IssuePromoted) -> None:
    """Hear that a cluster has become an issue: by ingest, by `POST /v1/issues/promote`, or on the clock.

    Called as `retrospec_session_ingested` is, in the same thread and order.

    Args:
        event: Which issue.
    """


@hookspec
def retrospec_issue_state_changed(event: IssueStateChanged) -> None:
    """Hear that an issue was opened, acknowledged, resolved or muted, that it regressed, or that its mute ended.

    Called as `retrospec_session_ingested` is, in the same thread and order.

    Args:
        event: Which issue, and from what to what.
    """


@hookspec
def retrospec_routes() -> Iterable[PluginRoute]:  # type: ignore[empty-body]
    """Name the routes that this plugin adds under `/v1/x/{plugin}`.

    Called once per application, after `retrospec_register` was asked of all, in order of loading. A route that cannot
    be mounted leaves this plugin out, as an exception does. What the handlers do runs in the plugin's own event loop.

    Returns:
        One `PluginRoute` for each.
    """


@hookspec
def retrospec_commands() -> Iterable[PluginCommand]:  # type: ignore[empty-body]
    """Name the commands that this plugin adds to `retrospec`.

    Called when the command line needs them, and never by a server: for `retrospec --help` and for a command that is
    none of the server's own. A name that is taken, by the server or by a plugin before, leaves this plugin's commands
    out, as an exception does; the command line says so and goes on.

    Returns:
        One `PluginCommand` for each.
    """
