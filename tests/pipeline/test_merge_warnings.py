"""Warnings of records that become one entry because their files make the same address."""

from __future__ import annotations

import pytest
from support.sites import CONFIG, SiteFolder, record

SOURCES = "corpus: [{path: corpus}, {path: corpus/d}]"


def merged(news: SiteFolder) -> list[str]:
    return [problem.path for problem in news.build().problems if "is also the address of" in problem.message]


@pytest.mark.parametrize("identity", ["", "id: same"])
@pytest.mark.parametrize("date", ["2026-01-30T12:00:00Z", "2026-02-02T12:00:00Z"], ids=["older", "newer"])
def test_merge_is_reported_by_the_build_that_makes_it_and_by_later_ones(
    identity: str, date: str, site_folder: SiteFolder
) -> None:
    site_folder.configure(CONFIG.replace("corpus: {path: corpus}", SOURCES))
    site_folder.put("a.md", record("A", "id: tag:feeds.test,2026:a.md"))
    (site_folder.corpus / "d").mkdir()
    assert merged(site_folder) == []
    site_folder.put("d/a.md", record("D", identity, date=date))
    first = merged(site_folder)
    assert len(first) == 1
    site_folder.put("other.md", record("Other"))
    assert merged(site_folder) == first
    site_folder.put("d/a.md", record("D, rewritten", identity, date=date))
    assert merged(site_folder) == first
    site_folder.put("a.md", record("A, rewritten", "id: tag:feeds.test,2026:a.md"))
    assert merged(site_folder) == first
    (site_folder.corpus / "a.md").unlink()
    assert merged(site_folder) == []
