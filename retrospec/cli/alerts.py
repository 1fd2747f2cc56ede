"""`retrospec alerts`."""

from retrospec.cli.alert_deliveries import app as deliveries
from retrospec.cli.alert_sinks import app as sinks
from retrospec.cli.group import commands

app = commands("Configure alert sinks, and look at deliveries.")
app.add_typer(sinks, name="sinks")
app.add_typer(deliveries, name="deliveries")
