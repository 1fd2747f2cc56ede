"""What the tests of a plugin are made of, shipped to plugin authors.

The conformance suites say what every plugin of a family must do; `fixtures` has a running server, a recording HTTP
receiver and a virtual clock; `faults` lets plugin objects go wrong on command.
"""

import pytest

# pytest explains a failed assert only in modules that it knows as tests.
SUITES = ("alerts", "analysis", "clustering", "dead_letters", "queue", "queue_kit", "redaction", "storage")
HELPERS = ("clock", "faults", "fixtures", "project", "receiver", "server", "visit")
pytest.register_assert_rewrite(*(f"{__name__}.{family}" for family in (*SUITES, *HELPERS)))
