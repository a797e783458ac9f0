"""The number of changes that each hub was not notified of, for metrics."""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

# Undelivered changes of each hub: those that will be tried (again), and those that were given up.
_COUNT_BY_HUB = """
SELECT hub.value, COALESCE(SUM(state <> 'failed'), 0), COALESCE(SUM(state = 'failed'), 0)
FROM json_each(:hubs) AS hub LEFT JOIN deliveries ON hub_url = hub.value AND acked < wanted
GROUP BY hub.key ORDER BY hub.key"""


class HubDeliveries(NamedTuple):
    """The changes that a hub was not notified of: `due` are waiting or being retried, `failed` were given up."""

    hub_url: str
    due: int
    failed: int


class DeliveryCounts:
    """Queries over the deliveries of a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def by_hub(self, hub_urls: Sequence[str]) -> list[HubDeliveries]:
        """Count the undelivered changes of these hubs, in their order."""
        return [HubDeliveries._make(row) for row in self._sql.execute(_COUNT_BY_HUB, {"hubs": json.dumps(hub_urls)})]
