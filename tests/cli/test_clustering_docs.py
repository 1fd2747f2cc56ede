"""What docs/clustering.md shows is what the command prints."""

import re
import shlex
from typing import get_args

from retrospec.issues.explained import NoteCode
from tests.cli.conftest import Cli
from tests.test_docs import blocks, section, table

PAGE = "docs/clustering.md"


def test_every_explanation_of_the_page_is_what_the_command_prints(cli: Cli) -> None:
    explained = 0
    for block in blocks(PAGE):
        if block.language == "json" and block.title:
            (cli.folder / block.title).write_text(block.code, encoding="utf-8")
        elif block.title == "rules":
            for line in block.code.splitlines():
                cli.prints(*shlex.split(line)[1:])
        elif block.language == "text" and block.title:
            said = cli.prints(*shlex.split(block.title)[1:])
            assert re.sub(r"rule_[0-9a-f]{24}", "rule_…", said) == block.code
            explained += 1
    assert explained == 4


def test_the_page_knows_every_note_that_an_issue_may_have() -> None:
    told = {row[0].strip("`") for row in table(section(PAGE, "## Ask why"))}
    assert told == set(get_args(NoteCode))
