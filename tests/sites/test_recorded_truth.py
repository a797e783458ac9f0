"""What syndicate publishes of small sites of other generators equals what the generators make of them.

The generators' results are recorded in tests/generators/truth; `make test-generators` compares them with the tools.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from support.generator_decisions import compared
from support.generator_sites import GeneratorSite, Page, in_corpus, published, recorded, sites

Entries = Callable[[str, str], dict[str, Page]]
FILES = [
    pytest.param(site, corpus, path, page, id=f"{site.id} in {corpus}: {path}", marks=pytest.mark.xdist_group(site.id))
    for site in sites()
    for corpus in site.corpora
    for path, page in in_corpus(recorded(site), corpus).items()
]


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> Entries:
    """Returns a function that builds a site once and returns its entries by their files."""
    by_id = {site.id: site for site in sites()}

    @cache
    def build(site_id: str, corpus: str) -> dict[str, Page]:
        return published(by_id[site_id], corpus, tmp_path_factory.mktemp(site_id.replace("/", "-")))

    return build


@pytest.mark.parametrize(("site", "corpus", "path", "page"), FILES)
def test_a_file_is_published_as_its_generator_publishes_it(
    site: GeneratorSite, corpus: str, path: str, page: Page, entries: Entries
) -> None:
    assert compared(site, path, page).differences(entries(site.id, corpus).get(path)) == []


def test_every_entry_is_of_a_known_file(entries: Entries) -> None:
    unknown = [
        (site.id, corpus, path)
        for site in sites()
        for corpus in site.corpora
        for path in entries(site.id, corpus).keys() - recorded(site).keys()
    ]
    assert unknown == []
