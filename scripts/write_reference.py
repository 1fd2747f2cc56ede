"""Writes config/default.toml and the tables of docs/configuration.md out of the settings in the code."""

from pathlib import Path

from retrospec.cli.reference import settings_markdown, settings_toml

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def with_tables(page: str) -> str:
    """The page of the settings, its tables as the code has them now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings_markdown()}\n{END}{after}"


if __name__ == "__main__":
    page = ROOT / "docs/configuration.md"
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
    (ROOT / "config/default.toml").write_text(settings_toml(), encoding="utf-8")
