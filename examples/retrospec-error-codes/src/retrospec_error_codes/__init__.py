"""Groups failures by the error code of your catalogue that they carry, and by the component they happen in."""

from retrospec_error_codes.settings import ErrorCodesSettings
from retrospec_error_codes.strategy import ErrorCodesStrategy

__all__ = ["ErrorCodesSettings", "ErrorCodesStrategy"]
__version__ = "0.1.0"
# The version of the interface that this is written for; a server that has another leaves the plugin out and says so.
RETROSPEC_API = 1
