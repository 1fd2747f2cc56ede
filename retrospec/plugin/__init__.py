"""Everything a plugin needs, and the only package of Retrospec that it imports."""

from retrospec.plugin.alerts import (
    Alert,
    AlertCluster,
    AlertDigest,
    AlertSink,
    NotDelivered,
    Receipt,
    RetryAfter,
    SinkGone,
    alert_sink,
)
from retrospec.plugin.analysis import Analysis, AnalysisMarker, AnalysisRequest, Analyzer, analyzer
from retrospec.plugin.budget import DailyBudget, MemoryBudget
from retrospec.plugin.clustering import ClusteringStrategy, Explanation, MarkerFacts, clustering_strategy
from retrospec.plugin.commands import PluginCommand
from retrospec.plugin.component import Component
from retrospec.plugin.events import IssuePromoted, IssueStateChanged, SessionIngested
from retrospec.plugin.hookspecs import hookimpl
from retrospec.plugin.network import AddressRefused, Network
from retrospec.plugin.queue import (
    DeadLetter,
    DeadLetterPage,
    Lease,
    Purged,
    QueueBackend,
    QueueDepths,
    QueuedJob,
    QueueUnavailable,
    Redriven,
    Scope,
    queue_backend,
)
from retrospec.plugin.redaction import Redactor, redactor
from retrospec.plugin.registration import Registration
from retrospec.plugin.storage import (
    ObjectContent,
    ObjectInfo,
    ObjectMissing,
    StorageBackend,
    StorageUnavailable,
    checked_key,
    storage_backend,
)
from retrospec.plugin.version import API_REVISION, API_VERSION
from retrospec.plugin.web import PluginRequest, PluginResponse, PluginRoute

__all__ = [
    "API_REVISION",
    "API_VERSION",
    "AddressRefused",
    "Alert",
    "AlertCluster",
    "AlertDigest",
    "AlertSink",
    "Analysis",
    "AnalysisMarker",
    "AnalysisRequest",
    "Analyzer",
    "ClusteringStrategy",
    "Component",
    "DailyBudget",
    "DeadLetter",
    "DeadLetterPage",
    "Explanation",
    "IssuePromoted",
    "IssueStateChanged",
    "Lease",
    "MarkerFacts",
    "MemoryBudget",
    "Network",
    "NotDelivered",
    "ObjectContent",
    "ObjectInfo",
    "ObjectMissing",
    "PluginCommand",
    "PluginRequest",
    "PluginResponse",
    "PluginRoute",
    "Purged",
    "QueueBackend",
    "QueueDepths",
    "QueueUnavailable",
    "QueuedJob",
    "Receipt",
    "Redactor",
    "Redriven",
    "Registration",
    "RetryAfter",
    "Scope",
    "SessionIngested",
    "SinkGone",
    "StorageBackend",
    "StorageUnavailable",
    "alert_sink",
    "analyzer",
    "checked_key",
    "clustering_strategy",
    "hookimpl",
    "queue_backend",
    "redactor",
    "storage_backend",
]
