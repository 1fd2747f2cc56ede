"""What operators, load balancers and Prometheus ask."""

import msgspec
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sanic import HTTPResponse

from retrospec.core.db import Database
from retrospec.core.http import answer
from retrospec.core.routing import Access, Routes
from retrospec.core.settings import Settings
from retrospec.metrics.exposition import Exposition
from retrospec.metrics.health import Health, Readiness, Ready, is_alive
from retrospec.metrics.totals import Totals
from retrospec.plugin import QueueBackend

metrics = Routes("metrics", tag="Operations")


@metrics.get("/healthz", access=Access.PUBLIC, produces=Health)
async def get_health(database: Database) -> HTTPResponse:
    """Tell whether this process can serve.

    For the liveness probe of a load balancer. Answers 503 and `down` when the database does not
    answer within 2 seconds.
    """
    alive = await is_alive(database)
    return answer(Health("ok" if alive else "down"), 200 if alive else 503)


@metrics.get("/readyz", access=Access.PUBLIC, produces=Ready)
async def get_readiness(readiness: Readiness) -> HTTPResponse:
    """Tell what works and what does not.

    One line for each thing the server depends on: the database, its schema, the queue and the storage.
    Answers 503 and `not ready` when one of them fails; its `detail` says what to do.
    """
    checks = await readiness.check()
    good = all(check.ok for check in checks)
    lines = ",\n    ".join(msgspec.json.encode(check).decode() for check in checks)
    text = f'{{\n  "status": "{"ready" if good else "not ready"}",\n  "checks": [\n    {lines}\n  ]\n}}\n'
    return HTTPResponse(text, 200 if good else 503, content_type="application/json")


@metrics.get("/metrics", access=Access.PUBLIC, media_type="text/plain")
async def get_metrics(totals: Totals, queue: QueueBackend, settings: Settings) -> HTTPResponse:
    """Show the metrics, for Prometheus.

    Counters and histograms are true across all processes on the database; uptime, memory and CPU are those of
    the server that answers, of all its processes together. Open to all, as scrapers expect; keep it from the
    public at the proxy if your numbers are private. Answers 503 while the database is away.
    """
    text = await Exposition(totals, queue, settings).render()
    return HTTPResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)
