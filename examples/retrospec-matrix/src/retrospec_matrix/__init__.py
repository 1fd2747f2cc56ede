"""Tells a Matrix room about issues."""

from retrospec_matrix.settings import MatrixSettings
from retrospec_matrix.sink import MatrixSink

__all__ = ["MatrixSettings", "MatrixSink"]
__version__ = "0.1.0"
# The version of the interface that this is written for; a server that has another leaves the plugin out and says so.
RETROSPEC_API = 1
