"""The catalogue of the newest build, as a server reads it from the store."""

from __future__ import annotations

from contextlib import closing

from support.editable_sites import EditableSite

from syndicate.serve.catalog import CatalogReader
from syndicate.store import open_store


def test_catalogue_is_read_after_each_build_and_not_in_between(site: EditableSite) -> None:
    """Also after one that is told what changed, and scans nothing."""
    site.build()
    with closing(open_store(str(site.state))) as store:
        reader = CatalogReader(store, None)
        first = reader.read()
        assert first is not None
        assert reader.read() is None
        changed = site.record("c.md", title="Delta", date="2026-03-05")
        site.build(changed=[str(changed)])
        second = reader.read()
        assert second is not None
        assert second.documents["all/feed.atom"].digest != first.documents["all/feed.atom"].digest
        assert reader.read() is None
