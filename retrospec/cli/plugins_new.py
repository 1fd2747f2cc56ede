"""`retrospec plugins new`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from retrospec.cli.scaffold import Naming, write_package


class Family(StrEnum):
    """What a plugin can be."""

    ALERTS = "alerts"
    STORAGE = "storage"
    QUEUE = "queue"
    CLUSTERING = "clustering"
    ANALYSIS = "analysis"
    REDACTION = "redaction"


class License(StrEnum):
    """What others may do with it."""

    MIT = "MIT"
    APACHE = "Apache-2.0"
    NONE = "none"


Name = Annotated[str, typer.Argument(help="What to call the package, e.g. `retrospec-pager`; settings say `pager`.")]
Kind = Annotated[Family, typer.Option(help="What it does.")]
Parent = Annotated[
    Path, typer.Option("--dir", help="Where its folder goes.", exists=True, file_okay=False, writable=True)
]
Rights = Annotated[License, typer.Option("--license", help="Which LICENSE to write.", case_sensitive=False)]
Author = Annotated[str, typer.Option(help="Who holds the rights; may be changed later.")]

NEXT = """
Next, in the environment that this command is in:
  cd {folder}
  pip install -e '.[test]'
  pytest

The code is in src/{module}/__init__.py. To see it on a server, put what README.md shows into retrospec.toml, and look
at `retrospec plugins`."""


def new_command(
    name: Name,
    family: Kind = Family.ALERTS,
    parent: Parent = Path(),
    license_id: Rights = License.MIT,
    author: Author = "",
) -> None:
    """Write a complete package to begin a plugin with: code that works, tests that pass, README and licence.

    Nothing that is there is overwritten.
    """
    naming = Naming.of(name, family.value)
    for path in write_package(naming, family.value, parent, license_id=license_id.value, author=author):
        typer.echo(path)
    typer.echo(NEXT.format(folder=parent / naming.distribution, module=naming.module))
