"""What `retrospec doctor` looks at on this machine. It changes nothing, but makes folders that a server would make."""

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from retrospec.cli.examination_services import Finding, examine_services
from retrospec.cli.selection import Selected, host, select
from retrospec.core.settings import Settings, is_loopback
from retrospec.plugin.discovery import PluginRecord

_LITTLE_DISK, _NO_DISK = 2 * 2**30, 200 * 2**20
_APART_S, _DAY_S = 5.0, 86_400.0


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything that the server needs."""
    plugins = host(settings)
    selected = select(settings, plugins)
    return [
        *_plugins(selected, plugins.records),
        _folder(settings.data_dir),
        _disk(settings.data_dir),
        _clock(),
        _address(settings),
        *_access(settings),
        *await examine_services(settings, selected),
    ]


def _plugins(selected: Sequence[Selected], records: Sequence[PluginRecord]) -> Iterator[Finding]:
    unusable = [one for one in selected if one.error]
    for one in unusable:
        yield Finding("plugins", "failed", one.error, f"install it, or correct {one.setting} or [{one.place}]")
    for record in records:
        if record.error:
            advice = "nothing selects it: mend it, or remove it; `retrospec plugins` lists all"
            yield Finding("plugins", "warning", f"{record.name} was left out: {record.error}", advice)
    if not unusable:
        yield Finding("plugins", "ok", f"in use: {', '.join(one.place for one in selected)}")


def _folder(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
            written = Path(probe.name).stat().st_mtime
    except OSError as cause:
        advice = "correct its owner and mode, or set DATA_DIR to a folder that can be written"
        return Finding("data", "failed", f"{folder.absolute()}: cannot be written: {cause.strerror}", advice)
    if abs(written - time.time()) > _APART_S:
        advice = "it lies on another machine, whose clock differs: set both by NTP"
        return Finding("data", "warning", f"{folder.absolute()}: writes carry another time than this machine's", advice)
    return Finding("data", "ok", f"{folder.absolute()} can be written")


def _disk(folder: Path) -> Finding:
    place = next((one for one in (folder.absolute(), *folder.absolute().parents) if one.exists()), Path("/"))
    free = shutil.disk_usage(place).free
    detail = f"{free / 2**30:.1f} GiB free at {place}"
    if free >= _LITTLE_DISK:
        return Finding("disk", "ok", detail)
    advice = "make room, keep sessions for fewer days (SESSION_RETENTION_DAYS), or move DATA_DIR"
    return Finding("disk", "failed" if free < _NO_DISK else "warning", detail, advice)


def _clock() -> Finding:
    installed = Path(__file__).stat().st_mtime
    detail = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    if time.time() > installed - _DAY_S:
        return Finding("clock", "ok", detail)
    advice = "set it by NTP: retention, leases and tokens go by it"
    return Finding("clock", "warning", f"{detail} lies before this program was installed", advice)


def _address(settings: Settings) -> Finding:
    address, port = settings.orchestrator_host, settings.orchestrator_port
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as cause:
            advice = "fine if the server runs already; else choose another ORCHESTRATOR_PORT or ORCHESTRATOR_HOST"
            return Finding("address", "warning", f"{address} port {port}: {cause.strerror}", advice)
    return Finding("address", "ok", f"{address} port {port} is free")


def _access(settings: Settings) -> Iterator[Finding]:
    if is_loopback(settings.orchestrator_host):
        yield Finding("access", "ok", "listens to this machine only")
    elif settings.anonymous == "none":
        yield Finding("access", "ok", "open to the network, and answers nobody without a key")
    else:
        detail = f"open to the network, and gives `{settings.anonymous}` access without a key"
        yield Finding(
            "access", "warning", detail, "unset ANONYMOUS_ACCESS unless something in front asks for passwords"
        )
    if not settings.runs_embedded_worker:
        yield Finding("workers", "ok", "the server runs no jobs itself: `retrospec worker` must run beside it")
