"""Giving the room of deleted rows back to the file system."""

import sqlite3
from contextlib import suppress

_FREE_SHARE = 1 / 3
# How many pages are free, how many there are, and how large they are.
_SIZES = """
SELECT freelist_count, page_count, page_size
FROM pragma_freelist_count CROSS JOIN pragma_page_count CROSS JOIN pragma_page_size"""
_SMALLEST_BYTES = 1024 * 1024


def shrink(connection: sqlite3.Connection) -> None:
    """Write the database anew if a third of it is free, and at least 1 MiB.

    Later runs use free pages again, so this is for sites that withdrew much, or changed templates. It takes as long
    as copying what is left. SQLite commits the copy as any other transaction: a kill leaves the database as it was. If
    others use the database, or the disk has no room for the copy, the next run tries again.
    """
    with suppress(sqlite3.Error):
        free_pages, pages, page_bytes = connection.execute(_SIZES).fetchone()
        if free_pages >= pages * _FREE_SHARE and free_pages * page_bytes >= _SMALLEST_BYTES:
            connection.execute("VACUUM")
