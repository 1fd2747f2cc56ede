"""Retrospec: finds the failures that repeat across your visitors' sessions, and shows them happen."""

from retrospec.version import __version__

__all__ = ["__version__"]
