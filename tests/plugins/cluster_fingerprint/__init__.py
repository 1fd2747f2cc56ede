import pytest

# The builders assert too, and a bare AssertionError says nothing.
pytest.register_assert_rewrite("tests.plugins.cluster_fingerprint.builders")
