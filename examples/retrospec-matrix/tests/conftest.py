"""What the tests share: a running server, a recording HTTP receiver and a virtual clock, by the server's own kit."""

pytest_plugins = ["retrospec.plugin.testing.fixtures"]
