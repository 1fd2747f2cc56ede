"""The conformance suites: what every plugin of a family must do, shipped to plugin authors."""
