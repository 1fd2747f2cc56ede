"""What the tests of plugins share: a folder of plugins, and servers that have found it."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.client import Client, MakeClient


@pytest.fixture
def dialect() -> str:
    """No matter of the database."""
    return "sqlite"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of single-file plugins."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


@pytest.fixture
def write(folder: Path) -> Callable[..., None]:
    """Writes plugins into the folder, by the names of their files."""

    def write(**files: str) -> None:
        for name, text in files.items():
            (folder / f"{name}.py").write_text(dedent(text))

    return write


@pytest.fixture
def serve_with(write: Callable[..., None], folder: Path, make_client: MakeClient) -> MakeClient:
    """Starts a server with a plugin named `odd`, whose text comes first, and gives a client of it."""

    async def serve(odd: str, **settings: object) -> Client:
        write(odd=odd)
        return await make_client(plugins_dir=folder, **settings)

    return serve
