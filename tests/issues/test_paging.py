"""Pages of lists: each row once, in order, and never more looked at than a page may."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrospec.issues.paging import MOST_SEEN, START, ListedRow, Page, Position, read_cursor, read_page
from tests.issues.builders import MOMENT

TIME = 1


class Rows:
    """A list of so many rows, three of them at each time, latest first."""

    def __init__(self, count: int) -> None:
        self.all: list[ListedRow] = [(uid, MOMENT - timedelta(hours=(count - uid) // 3)) for uid in range(count, 0, -1)]
        self.read = 0

    async def fetch(self, after: Position, count: int) -> Sequence[ListedRow]:
        rows = [row for row in self.all if (row[TIME], row[0]) < (after.at, after.uid)][:count]
        self.read += len(rows)
        return rows

    async def pages(self, limit: int, every: int | None) -> list[Page]:
        """All pages, of every so-manieth row; None filters nothing."""
        found: list[Page] = []
        cursor = ""
        while not found or cursor:
            fits = None if every is None else lambda row: row[0] % every == 0
            page = await read_page(self.fetch, fits, time=TIME, after=read_cursor(cursor), limit=limit)
            found.append(page)
            cursor = page.next_cursor
        return found


@given(count=st.integers(0, 450), limit=st.integers(1, 220), every=st.none() | st.integers(1, 60))
async def test_pages_hold_what_fits_once_and_in_order(count: int, limit: int, every: int | None) -> None:
    rows = Rows(count)

    pages = await rows.pages(limit, every)

    assert [row for page in pages for row in page.rows] == [row for row in rows.all if row[0] % (every or 1) == 0]
    assert all(len(page.rows) == limit for page in pages[:-1])


async def test_without_a_filter_a_page_reads_one_row_more_than_it_shows() -> None:
    rows = Rows(100)

    page = await read_page(rows.fetch, None, time=TIME, after=START, limit=10)

    assert (len(page.rows), rows.read) == (10, 11)


@pytest.mark.parametrize("every", [1_000_000, 2_500])
async def test_a_filter_that_fits_little_ends_the_page_and_the_cursor_leads_on(every: int) -> None:
    rows = Rows(2 * MOST_SEEN + 1_500)

    pages = await rows.pages(50, every)

    assert [len(page.rows) for page in pages] == ([0, 0, 0] if every == 1_000_000 else [1, 1, 0])
    assert rows.read <= len(rows.all)
