"""Feeds whose folders have names of any script, from the corpus to the reader."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from lxml import etree
from support.sites import CONFIG, SiteFolder, record

NAME, FOLDER, ENCODED = "Überblick 日本", "überblick-日本", "%C3%BCberblick-%E6%97%A5%E6%9C%AC"


@pytest.fixture
def news(site_folder: SiteFolder) -> SiteFolder:
    site_folder.put("a.md", record("A", f"topics: [{NAME}]"))
    site_folder.configure(f'{CONFIG}hubs: ["https://hub.test/"]\n')
    return site_folder


def test_addresses_are_percent_encoded_in_every_document(news: SiteFolder) -> None:
    news.build()
    folder, address = news.output / "topics" / FOLDER, f"https://feeds.test/topics/{ENCODED}/"
    assert json.loads((folder / "feed.json").read_bytes())["feed_url"] == f"{address}feed.json"
    atom = etree.parse(folder / "feed.atom").getroot()
    assert atom.xpath("string(*[local-name() = 'link'][@rel='self']/@href)") == f"{address}feed.atom"
    rss = etree.parse(folder / "feed.rss").getroot()
    assert rss.xpath("string(//*[local-name() = 'link'][@rel='self']/@href)") == f"{address}feed.rss"
    catalog = {feed["dimension"]: feed for feed in json.loads((news.output / "catalog.json").read_bytes())}
    assert (catalog["topics"]["slug"], catalog["topics"]["rss"]) == (FOLDER, f"{address}feed.rss")
    opml = etree.parse(news.output / "feeds.opml").getroot()
    assert f"{address}feed.rss" in opml.xpath("//outline/@xmlUrl")
    assert f'href="topics/{ENCODED}/index.html"' in (news.output / "index.html").read_text(encoding="utf-8")
    documents = [path for path in news.output.rglob("*") if path.is_file()]
    assert not [
        path for path in documents if f"topics/{FOLDER}" in path.read_text("utf-8").replace(f'"slug":"{FOLDER}"', "")
    ]


def test_a_new_state_recognises_the_documents_and_changes_none(news: SiteFolder) -> None:
    news.build()
    shutil.rmtree(news.folder / ".syndicate")
    summary = news.build()
    assert (summary.written, summary.removed) == (0, 0)
    (news.corpus / "a.md").write_text(record("A", "topics: [Other]"), encoding="utf-8")
    shutil.rmtree(news.folder / ".syndicate")
    assert news.build().removed == 4
    assert not (news.output / "topics" / FOLDER).exists()


@pytest.mark.parametrize("is_state_lost", [False, True])
def test_site_that_has_published_ascii_slugs_keeps_them(is_state_lost: bool, news: SiteFolder) -> None:  # noqa: FBT001
    configuration = (news.folder / "config.yaml").read_text(encoding="utf-8")
    news.configure(f"{configuration}feeds: {{slugs: ascii}}\n")
    news.build()
    before = _folders(news.output / "topics")
    assert len(before) == 1
    assert before[0].startswith("uberblick_")
    news.configure(configuration)
    if is_state_lost:
        shutil.rmtree(news.folder / ".syndicate")
    news.put("b.md", record("B", f"topics: [{NAME}, Äpfel]"))
    news.build()
    names = _folders(news.output / "topics")
    assert names[1:] == before
    assert names[0].startswith("apfel_")


def test_change_of_the_style_is_a_warning_that_names_the_redirect(news: SiteFolder) -> None:
    configuration = (news.folder / "config.yaml").read_text(encoding="utf-8")
    news.configure(f"{configuration}feeds: {{slugs: ascii}}\n")
    news.build()
    news.configure(f"{configuration}feeds: {{slugs: unicode}}\n")
    (warning,) = news.build().warnings
    assert f"to topics/{FOLDER}, without a redirect: add" in warning.message
    assert Path(news.output / "topics" / FOLDER / "feed.rss").exists()


def _folders(parent: Path) -> list[str]:
    return sorted(path.name for path in parent.iterdir() if path.is_dir())
