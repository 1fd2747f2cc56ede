"""How every command is offered: its help is read as Markdown, so that paragraphs flow."""

import typer


def commands(about: str = "") -> typer.Typer:
    """An app for one command, or for a group of them.

    Args:
        about: What a group is for; empty for a command that stands alone.
    """
    return typer.Typer(
        help=about or None, no_args_is_help=bool(about), rich_markup_mode="markdown", add_completion=False
    )
