"""The plugins that the tests of delivery are hostile with, and how to make sinks of them."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

from tortoise.transactions import in_transaction

from retrospec.alerts.models import AlertDelivery, AlertSinkRow
from retrospec.core.clock import now
from retrospec.core.ids import new_id
from retrospec.jobs.outbox import NewJob, enqueue

ODD = '''
    """Sinks that do what their settings say."""

    import asyncio
    import sys
    import time
    from pathlib import Path

    import httpx
    from pydantic import BaseModel

    from retrospec.plugin import AlertSink, NotDelivered, Receipt, SinkGone, alert_sink


    class OddSettings(BaseModel, extra="forbid"):
        url: str = ""
        # While this file is there it misbehaves.
        while_there: str = ""


    class Odd(AlertSink):
        guarded = True

        def __init__(self, settings):
            self.settings = settings

        async def send(self, alert):
            if not self.settings.while_there or Path(self.settings.while_there).exists():
                await self.misbehave()
                if self.does == "wrong":
                    return "delivered, honestly"
            if not self.settings.url:
                return None
            async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as http:
                answer = await http.post(self.settings.url, json={"id": alert.id, "symptom": alert.cluster.symptom})
            return self.judge(answer)

        async def misbehave(self):
            match self.does:
                case "raise":
                    raise RuntimeError("out of order")
                case "hang":
                    await asyncio.sleep(3600)
                case "block":
                    time.sleep(3)
                case "exit":
                    sys.exit(3)

        def judge(self, answer):
            status, text = answer.status_code, answer.text[:2000]
            if status == 410:
                raise SinkGone("it is gone", status=status, answer=text)
            if status >= 300:
                raise NotDelivered(f"answered {status}", status=status, answer=text)
            return Receipt(status, text)


    for name in ("odd", "raise", "hang", "block", "exit", "wrong"):
        offered = globals()[f"sink_{name}"] = type(name, (Odd,), {"__module__": __name__, "does": name})
        alert_sink(name, "Odd", settings=OddSettings)(offered)
'''


def put_odd_sinks(folder: Path) -> Path:
    """Write the plugins into a folder of plugins, and return it."""
    folder.mkdir(exist_ok=True)
    (folder / "odd_sinks.py").write_text(dedent(ODD))
    return folder


async def make_sink(kind: str, project: str = "proj_default", **settings: Any) -> AlertSinkRow:
    """Make a sink of a project, as the API does, in whatever process."""
    moment, ident = now(), new_id("snk")
    return await AlertSinkRow.create(
        id=ident,
        project_id=project,
        name=f"{kind}-{ident[-6:]}",
        type=kind,
        settings=settings,
        created_at=moment,
        updated_at=moment,
    )


async def hand_over(sink: str, kind: str = "odd", symptom: str = "It broke") -> str:
    """Accept an alert for a sink, as ingest does, and return the delivery's id."""
    moment, ident = now(), new_id("dlv")
    cluster = {
        "key": "api_error:0123456789abcdef",
        "symptom": symptom,
        "sessionCount": 3,
        "userCount": 0,
        "confidence": 1.0,
        "lastSeenAt": moment.isoformat(),
        "representativeSessionId": "s1",
        "state": "open",
        "assignee": "",
    }
    body = {
        "event": "issue_cluster_promoted",
        "trigger": "ingest_auto_promote",
        "sentAt": moment.isoformat(),
        "projectId": "proj_default",
        "cluster": cluster,
    }
    async with in_transaction() as db:
        await AlertDelivery.create(
            id=ident,
            alert_id=f"alert_{ident[4:]}",
            project_id="proj_default",
            cluster_key=cluster["key"],
            event=body["event"],
            sink=sink,
            sink_type=kind,
            body=body,
            created_at=moment,
            using_db=db,
        )
        payload = json.dumps({"deliveryId": ident, "projectId": "proj_default"})
        await enqueue(db, [NewJob(f"alerts:{sink}", "proj_default", "", payload, id=ident)], moment)
    return ident
