"""Five site generators make of small sites what is recorded, and syndicate publishes the same.

`make test-generators` installs Jekyll, Hugo, Eleventy, Pelican and Docusaurus, and runs these tests.
`--regenerate-truth` records the results again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support.generator_decisions import compared
from support.generator_sites import GeneratorSite, Page, in_corpus, published, record, recorded, sites
from support.generator_tools import tools

FOLDER = os.environ.get("SYNDICATE_TEST_GENERATORS", "")
if not FOLDER:
    pytest.skip("requires the site generators: run `make test-generators`", allow_module_level=True)

TOOLS = tools(Path(FOLDER))
SITES = [pytest.param(site, id=site.id, marks=pytest.mark.xdist_group(site.id)) for site in sites()]
Build = Callable[[str], dict[str, Page]]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Build:
    """Returns a function that builds a site with its generator once, and returns its pages."""
    by_id = {site.id: site for site in sites()}

    @cache
    def build(site_id: str) -> dict[str, Page]:
        site = by_id[site_id]
        tool = TOOLS.get(site.generator)
        if tool is None:
            pytest.skip(f"{site.generator} is not installed and cannot be installed")
        pages = tool.pages(site, tmp_path_factory.mktemp(site_id.replace("/", "-")))
        if request.config.getoption("--regenerate-truth"):
            record(site, tool.version(), pages)
        return pages

    return build


@pytest.mark.parametrize("site", SITES)
def test_the_generator_makes_what_is_recorded(site: GeneratorSite, build: Build) -> None:
    assert build(site.id) == recorded(site)


@pytest.mark.parametrize("site", SITES)
def test_syndicate_publishes_what_the_generator_makes(site: GeneratorSite, build: Build, tmp_path: Path) -> None:
    for number, corpus in enumerate(site.corpora):
        entries = published(site, corpus, tmp_path / str(number))
        for path, page in in_corpus(build(site.id), corpus).items():
            assert (path, compared(site, path, page).differences(entries.get(path))) == (path, [])
