"""The demo project: recordings of a shop with real defects, and what sends them to a server.

The recordings were made by `scripts/record_demo.py` from the shop in `web/demo-shop`.
"""

from retrospec.demo.client import DemoError
from retrospec.demo.library import Recording, read_recordings
from retrospec.demo.sender import DemoReport, find_issue, next_steps, send_demo, wait_for_reports

__all__ = [
    "DemoError",
    "DemoReport",
    "Recording",
    "find_issue",
    "next_steps",
    "read_recordings",
    "send_demo",
    "wait_for_reports",
]
