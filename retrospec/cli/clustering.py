"""`retrospec clustering`: why failures are grouped as they are, and how to change it."""

from retrospec.cli import clustering_explain, clustering_rekey, clustering_rules
from retrospec.cli.group import commands

app = commands("Explain how failures are grouped, and change it.")
app.command("explain", epilog=clustering_explain.EXAMPLE)(clustering_explain.explain)
app.add_typer(clustering_rules.app, name="rules")
app.command("dry-run", epilog=clustering_rekey.DRY_RUN_EXAMPLE)(clustering_rekey.dry_run)
app.command("rekey", epilog=clustering_rekey.REKEY_EXAMPLE)(clustering_rekey.rekey)
