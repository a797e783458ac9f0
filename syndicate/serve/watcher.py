"""Watches the store, and gives the tree handler the catalogue of each new build."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import closing, suppress

import structlog

from ..config import Config
from ..errors import StoreError, StoreMissingError
from ..store import open_store
from ..store.base import Store
from .catalog import Catalog, CatalogReader
from .tree_handler import TreeHandler

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.serve")

_POLL_S = 0.25
_RETRY_S = 10.0


async def record_reading(config: Config, tree: TreeHandler) -> None:
    """Record in the state, once, that a document was served: from then on `site.id` must not change by itself."""
    await tree.was_read.wait()
    loop = asyncio.get_running_loop()
    while not await loop.run_in_executor(None, _record_reading, config):  # noqa: ASYNC110 - a build has the store
        await asyncio.sleep(_RETRY_S)


def _record_reading(config: Config) -> bool:
    """Returns whether the state says that a document was served."""
    with suppress(StoreError), closing(open_store(config.state)) as store:
        with store.read() as snapshot:
            if "served_at" in snapshot.published.site():
                return True
        with store.update() as transaction:
            transaction.published.record_site({"served_at": int(time.time())})
        return True
    return False


class CatalogWatcher:
    """Polls the store's version four times a second. Most commits are those of deliveries, and change no document."""

    def __init__(self, config: Config, store: Store, tree: TreeHandler) -> None:
        self._store = store
        self._tree = tree
        self._reader = CatalogReader(store, config.selection.archive)

    async def refresh(self) -> None:
        """Read the catalogue if a build committed. When the store cannot be read, the last catalogue stays."""
        try:
            catalog, moved = await asyncio.get_running_loop().run_in_executor(None, self._read)
        except StoreError as error:
            is_missing = isinstance(error, StoreMissingError)
            self._tree.unavailable_reason = "there is no index" if is_missing else "the index cannot be read"
            log.warning(self._tree.unavailable_reason, error=str(error))
            return
        self._tree.unavailable_reason = ""
        if catalog is not None:
            self._tree.replace_catalog(catalog, moved)
            log.info("catalogue read", documents=len(catalog.documents))

    def _read(self) -> tuple[Catalog | None, Mapping[str, str]]:
        catalog = self._reader.read()
        return catalog, {} if catalog is None else self._tree.moved_folders()

    async def run(self) -> None:
        """Refresh after every change of the store, until cancelled."""
        seen: object = None
        while True:
            await asyncio.sleep(_POLL_S)
            version = await asyncio.get_running_loop().run_in_executor(None, self._store.version)
            if version != seen:
                await self.refresh()
                seen = version
