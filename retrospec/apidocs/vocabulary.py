"""The words that the API's documentation adds to what the routes say of themselves."""

from collections.abc import Mapping
from typing import Any

from retrospec.core.openapi import About
from retrospec.version import __version__

_DESCRIPTION = """\
Retrospec stores what a visitor did and what failed, groups the same failure across sessions, and raises what repeats \
as an issue, with replays as evidence.

Everything is JSON over HTTP. Times are RFC 3339 in UTC with a trailing `Z`; unknown fields of a request are ignored; \
fields of an answer that are not marked `required` are left out when they are empty. Bodies may be sent with \
`Content-Encoding: gzip`.

Everything lies within a project, and the key says which one: ids of two projects never meet."""

_TAGS: Mapping[str, str] = {
    "Ingest": "Where browsers and servers send what happened.",
    "Recordings": "Recordings, on their way in and out.",
    "Sessions": "Sessions with their failures, and what analyses say of them.",
    "Issues": "Failures that repeat: found, triaged, merged and split.",
    "Clustering": "Which failures are the same: a project's rules, and how a failure gets its key.",
    "Artifacts": "What workers made of recordings.",
    "Maintenance": "Removing what is no longer needed.",
    "Admin": "Projects and their keys. Needs the admin key.",
    "Queues": "The operator's view of the jobs. Needs the admin key.",
    "Operations": "For load balancers, Prometheus and people on call. Open to all.",
    "Documentation": "This page, and the document that it is made of.",
}
_PARAMETERS: Mapping[str, str] = {
    "sessionId": "The session's id, as its client chose it.",
    "clusterKey": "The issue's key; its colon may be percent-encoded.",
    "projectId": "The project's id.",
    "ruleId": "The rule's id.",
    "keyId": "The key's id; never the key itself.",
    "artifactType": "`analysis_json`, `replay_video`, or what else a worker made.",
}

_PROJECT = "proj_1f0c5f1d2b3a4c5d6e7f8091"
_CLUSTER = "api_error:0a1b2c3d4e5f6071"
_RULE = "rule_5f0c8a51d3b24e67a9c1d2e3"
_EVENTS_KEY = f"session-events/{_PROJECT}/2026/03/04/shop.example/s-8d21.json"
_EVENTS: list[dict[str, Any]] = [
    {
        "type": 4,
        "timestamp": 1772616600000,
        "data": {"href": "https://shop.example/checkout", "width": 1280, "height": 800},
    }
]
_SYMPTOM = "POST /api/checkout answered 500"
_JOB = {
    "projectId": _PROJECT,
    "sessionId": "s-8d21",
    "eventsObjectKey": _EVENTS_KEY,
    "markerOffsetsMs": [900],
    "triggerKind": "api_error",
}
_TOLD: Mapping[str, Any] = {
    "strategy": "fingerprint",
    "strategyVersion": 2,
    "steps": [{"name": "read label", "value": "POST https://api.shop.example/orders/7 -> 502"}],
    "parts": [
        {"name": "service", "value": "api.shop.example"},
        {"name": "method", "value": "POST"},
        {"name": "endpoint", "value": "/orders/*"},
        {"name": "outcome", "value": "5xx"},
    ],
    "text": "fingerprint 2\x1fapi_error\x1fservice=api.shop.example\x1fmethod=POST"
    "\x1fendpoint=/orders/*\x1foutcome=5xx",
    "key": "api_error:f334237101bf24a9",
    "marker": {
        "kind": "api_error",
        "label": "POST https://api.shop.example/orders/7 -> 502",
        "evidence": "",
        "hint": "",
        "route": "/checkout",
    },
}

_SAMPLES: Mapping[str, Any] = {
    "allowedOrigins": ["https://shop.example"],
    "alertErrors": 0,
    "analysisQueueError": "",
    "apiKey": "rpk_" + "0123456789abcdef" * 4,
    "apiKeyId": "key_5b6c7d8e9f00112233445566",
    "artifactKey": "replay-artifacts/s-8d21/analysis.json",
    "artifactType": "analysis_json",
    "attempt": 3,
    "assignee": "anna@shop.example",
    "clusterKey": _CLUSTER,
    "clusteringStrategy": "fingerprint",
    "createdAt": "2026-03-04T09:31:02.518000Z",
    "createdBy": "dashboard",
    "confidence": 0.82,
    "cursor": "MjAyNi0wMy0wNA",
    "nextCursor": "MjAyNi0wMy0wNA",
    "detail": "PostgreSQL answers",
    "durationMs": 4200,
    "environment": "production",
    "error": "the worker's server answered 502",
    "eventsObjectKey": _EVENTS_KEY,
    "evidence": "POST https://shop.example/api/checkout -> 500",
    "expiresAt": "2026-12-31T23:59:59Z",
    "failedAt": "2026-03-04T09:36:10Z",
    "feedbackKind": "true_positive",
    "generatedAt": "2026-03-04T09:31:20Z",
    "ingestKey": "rpk_" + "fedcba9876543210" * 4,
    "key": _CLUSTER,
    "keyId": "key_5b6c7d8e9f00112233445566",
    "kind": "api_error",
    "label": _SYMPTOM,
    "lastSeenAt": "2026-03-04T09:30:00.900000Z",
    "lastUsedAt": "2026-03-04T09:30:01Z",
    "metadata": {"ticket": "SHOP-412"},
    "firstSeenAt": "2026-03-03T17:12:44Z",
    "lastObservedAt": "2026-03-04T09:30:00.900000Z",
    "limit": 25,
    "lookbackHours": 24,
    "markerCount": 4,
    "minConfidence": 0.5,
    "mutedSessions": 10,
    "mutedUntilSessions": 13,
    "mutedUntil": "2026-12-31T00:00:00Z",
    "newClusterKey": f"{_CLUSTER}:split:9f8e7d6c5b4a",
    "note": "Fixed with the next release",
    "offset": 0,
    "payload": _JOB,
    "projectId": _PROJECT,
    "promoteError": "",
    "q": "checkout",
    "queue": "replay",
    "queueError": "",
    "queueKind": "replay",
    "raw": '{"projectId":"proj_1f0c5f1d2b3a4c5d6e7f8091","sessionId":"s-8d21"}',
    "regressed": False,
    "release": "shop@2.14.0",
    "replayOffsetMs": 900,
    "reportConfidence": 0.82,
    "reportStatus": "ready",
    "reportSymptom": _SYMPTOM,
    "representativeSessionId": "s-8d21",
    "retentionDays": 30,
    "retryDepth": 1,
    "failedDepth": 0,
    "skipped": 0,
    "remainingFailed": 0,
    "remaining": 0,
    "route": "/checkout",
    "sessionCount": 3,
    "sessionId": "s-8d21",
    "site": "shop.example",
    "sourceClusterKey": "api_error:8899aabbccddeeff",
    "startedAt": "2026-03-04T09:30:00Z",
    "state": "open",
    "stateNote": "Fixed with the next release",
    "status": "ready",
    "strategy": "fingerprint",
    "suggestedFix": "Answer 409 when the basket is empty, and tell the visitor",
    "symptom": _SYMPTOM,
    "tags": {"plan": "pro"},
    "targetClusterKey": _CLUSTER,
    "technicalRootCause": "The checkout API fails for baskets that were emptied in another tab",
    "textSummary": "The visitor pressed Pay twice; both requests failed and nothing was shown.",
    "token": "eyJwIjoicHJval8xZjBjIn0.aafH2A.kq0vV2wQ",
    "triggerKind": "api_error",
    "stateUpdatedAt": "2026-03-04T10:02:11Z",
    "updatedAt": "2026-03-04T10:02:11Z",
    "unparsable": 0,
    "userCount": 2,
    "userId": "customer-1042",
    "visualSummary": "The button spins, then the page looks as before.",
    "Activity.id": "act_77aa88bb99cc00dd11ee22ff",
    "Activity.kind": "state_changed",
    "Activity.metadata": {"from": "open", "to": "acknowledged"},
    "AnalysisReport.status": "ready",
    "Artifact.id": "art_a1b2c3d4e5f60718293a4b5c",
    "CleanupResult.deletedArtifactObjects": 9,
    "CleanupResult.deletedEventObjects": 12,
    "CleanupResult.deletedIssueClusters": 1,
    "CleanupResult.deletedSessions": 12,
    "CleanupResult.retentionDays": 7,
    "Depths.streamDepth": 12,
    "Depths.pending": 2,
    "EventsUpload.events": _EVENTS,
    "IssueExplanation": {**_TOLD, "sessionId": "s-8d21", "agrees": True},
    "MarkerToExplain": {"kind": "api_error", "label": _TOLD["marker"]["label"], "route": "/checkout"},
    "MarkerExplanation": {
        **_TOLD,
        "redacted": False,
        "rules": [{"id": _RULE, "name": "Payment provider is down", "matched": False, "failed": "label"}],
        "leadsTo": {
            "clusterKey": _TOLD["key"],
            "merged": False,
            "state": "open",
            "symptom": _TOLD["marker"]["label"],
            "sessionCount": 3,
        },
    },
    "RuleMatch": {"kind": {"glob": "api_error"}, "label": {"glob": "*payment provider*"}},
    "RuleAction": {"fingerprint": "payment provider is down"},
    "position": 1,
    "ruleId": _RULE,
    "Feedback.id": "fb_c0ffee00c0ffee00c0ffee00",
    "Health.status": "ok",
    "IssueSessions.limit": 30,
    "KeyRequest.label": "browser",
    "KeyView.id": "key_5b6c7d8e9f00112233445566",
    "KeyView.label": "browser",
    "KeyView.scope": "ingest",
    "KeyView.status": "active",
    "Marker.id": "m-1",
    "MarkerIn.id": "m-1",
    "NewKey.label": "browser",
    "NewKey.scope": "ingest",
    "ProjectPatch.name": "Shop",
    "ProjectRequest.label": "default-key",
    "ProjectRequest.name": "Shop",
    "ProjectView.id": _PROJECT,
    "ProjectView.name": "Shop",
    "QueueHealth.status": "healthy",
    "ReportCard.id": "card_0011223344556677889900aa",
    "Session.id": "s-8d21",
    "SessionIn.id": "s-8d21",
    "SessionEvents.events": _EVENTS,
    "Thresholds.criticalFailed": 25,
    "Thresholds.criticalPending": 500,
    "Thresholds.criticalRetry": 100,
    "Thresholds.warningPending": 100,
    "Thresholds.warningRetry": 20,
    "Window.endMs": 8900,
    "WindowIn.endMs": 8900,
    "get_health.503": {"status": "down"},
    "get_readiness.503": {
        "status": "not ready",
        "checks": [{"name": "migrations", "ok": False, "detail": "the schema lacks …; run `retrospec db upgrade`"}],
    },
    "read_artifact": "(the object's bytes)",
    "get_metrics": "# HELP retrospec_ingest_sessions_total Sessions written by ingest, each further flush of one too\n"
    "# TYPE retrospec_ingest_sessions_total counter\n"
    "retrospec_ingest_sessions_total 1042.0\n",
    "show_docs": "<!DOCTYPE html>…",
    "get_openapi": {"openapi": "3.1.0", "info": {"title": "Retrospec", "version": __version__}, "paths": {}},
}

ABOUT = About(
    title="Retrospec",
    version=__version__,
    description=_DESCRIPTION,
    tags=_TAGS,
    parameters=_PARAMETERS,
    samples=_SAMPLES,
)
