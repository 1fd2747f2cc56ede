"""Every hook that Retrospec calls. All are synchronous; async lives on what they return."""

from collections.abc import Iterable

import pluggy

from retrospec.plugin.registration import Registration

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
