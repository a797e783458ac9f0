"""What syndicate publishes of small sites of other generators equals what the generators make of them.

The generators' results are recorded in tests/generators/truth; `make test-generators` compares them with the tools.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from support.generator_decisions import DECISIONS
from support.generator_sites import GeneratorSite, Page, published, recorded, sites

Entries = Callable[[str], dict[str, Page]]
FILES = [
    pytest.param(site, path, page, id=f"{site.id}: {path}", marks=pytest.mark.xdist_group(site.id))
    for site in sites()
    for path, page in recorded(site).items()
]


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> Entries:
    """Returns a function that builds a site once and returns its entries by their files."""

    @cache
    def build(site_id: str) -> dict[str, Page]:
        site = next(site for site in sites() if site.id == site_id)
        return published(site, tmp_path_factory.mktemp(site_id.replace("/", "-")))

    return build


@pytest.mark.parametrize(("site", "path", "page"), FILES)
def test_a_file_is_published_as_its_generator_publishes_it(
    site: GeneratorSite, path: str, page: Page, entries: Entries
) -> None:
    ignored, _ = DECISIONS.get(f"{site.id}: {path}", ("", ""))
    compared = page._replace(**{ignored: None}) if ignored else page
    assert compared.differences(entries(site.id).get(path)) == []
