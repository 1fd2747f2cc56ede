"""What an archive looks like.

A gzipped tar file, so that nobody's data depends on this program to be read. In this order:

- `retrospec-backup.json`: `Header`
- `tables/<table>/<number>.jsonl`: rows, a JSON object a line
- `objects/<key>`: the objects, each with its SHA-256 and media type as extended attributes, and after each thousand of
  them `index/<number>.jsonl`: what came before, an `Indexed` a line
- `manifest.json`: `Manifest`
"""

import re
from datetime import datetime

import msgspec

from retrospec.archive.tables import Described

FORMAT = 1
HEADER, MANIFEST = "retrospec-backup.json", "manifest.json"
OBJECTS = "objects/"
INDEX_SIZE = 1000
TABLE_PART = re.compile(r"tables/([a-z0-9_]+)/\d{6}\.jsonl", re.ASCII)
INDEX_PART = re.compile(r"index/\d{6}\.jsonl", re.ASCII)
# GNU tar passes over these in silence where it does not restore extended attributes.
SHA256, CONTENT_TYPE = "SCHILY.xattr.user.sha256", "SCHILY.xattr.user.mime_type"
# More than any part is; what is not an object is read whole.
MOST_BYTES = 256 << 20


class Header(msgspec.Struct, rename="camel"):
    """What is known when an archive is begun: enough to tell whether this version can read it.

    Attributes:
        format: `FORMAT`.
        retrospec: The version that made it.
        schema: The last migration of its database.
        created_at: When.
        tables: What rows of each table look like; a later version has other tables.
    """

    format: int
    retrospec: str
    schema: str
    created_at: datetime
    tables: dict[str, Described]


class Indexed(msgspec.Struct, rename="camel", omit_defaults=True):
    """An object of the archive; without content, one that was named and is not there."""

    key: str
    size: int = 0
    content_type: str = ""
    sha256: str = ""
    missing: bool = False


class Manifest(msgspec.Struct, rename="camel"):
    """What an archive holds.

    Attributes:
        header: What it began with.
        rows: How many, by table.
        objects: How many there are.
        bytes: Their size.
        missing: How many were named by the database and were not there.
        members: SHA-256 of every member but objects and this one, by name. Objects have theirs in the index.
    """

    header: Header
    rows: dict[str, int]
    objects: int
    bytes: int
    missing: int
    members: dict[str, str]


def table_part(table: str, number: int) -> str:
    """The name of some rows of a table."""
    return f"tables/{table}/{number:06}.jsonl"


def index_part(number: int) -> str:
    """The name of a part of the index."""
    return f"index/{number:06}.jsonl"
