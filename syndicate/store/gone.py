"""Documents that stood in the output tree and do not any more: 410, not 404. They outlive an index."""

import sqlite3
from collections.abc import Iterable

_KEPT_S = 366 * 86400


class Gone:
    """The documents that are gone, over an open database. Times are seconds since 1970."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def settle(self, removed: Iterable[str], now: int) -> None:
        """These were removed now. Those that stand again, or are gone for a year, are forgotten."""
        self._sql.executemany("INSERT OR REPLACE INTO gone VALUES (?, ?)", [(path, now) for path in removed])
        self._sql.execute(
            "DELETE FROM gone WHERE gone_at < ? OR path IN (SELECT path FROM documents)", (now - _KEPT_S,)
        )

    def paths(self) -> frozenset[str]:
        """All of them."""
        return frozenset(row[0] for row in self._sql.execute("SELECT path FROM gone"))
