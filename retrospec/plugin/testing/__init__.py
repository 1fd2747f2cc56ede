"""The conformance suites: what every plugin of a family must do, shipped to plugin authors."""

import pytest

# pytest explains a failed assert only in modules that it knows as tests.
SUITES = ("alerts", "analysis", "clustering", "dead_letters", "queue", "queue_kit", "redaction", "storage")
pytest.register_assert_rewrite(*(f"{__name__}.{family}" for family in SUITES))
