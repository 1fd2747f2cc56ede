"""Sends alerts by mail."""

from retrospec_plugins.alert_email.settings import EmailSettings
from retrospec_plugins.alert_email.sink import EmailSink

__all__ = ["EmailSettings", "EmailSink"]
