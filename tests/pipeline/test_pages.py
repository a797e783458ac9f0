"""HTML pages are written when they change, and only then."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from support.editable_sites import EditableSite
from support.sites import run

from syndicate.errors import ConfigError


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    for number in range(6):
        topics = ["Even" if number % 2 == 0 else "Odd"]
        editable_site.record(
            f"{number}.md", title=f"Title {number}", date=f"2026-0{number + 1 if number < 5 else 5}-01", topics=topics
        )
    editable_site.settings["feeds"] = {"limit": 2, "by": ["topics"], "archive": "month"}
    editable_site.settings["pages"] = True
    editable_site.settings["hubs"] = ["https://hub.example/"]
    editable_site.build()
    return editable_site


def page(site: EditableSite, path: str) -> str:
    return (site.output / path / "index.html").read_text(encoding="utf-8")


LISTS = {"index.html", "topics/index.html"}
PAGES = {*LISTS, "all/index.html", "topics/even/index.html", "topics/odd/index.html"}


def test_each_feed_has_a_page_and_the_index_lists_them(site: EditableSite) -> None:
    assert {path for path in site.tree() if path.endswith(".html")} == PAGES
    assert "Title 4" in page(site, "topics/even")
    assert "Title 5" not in page(site, "topics/even")
    for link in ("all/index.html", "topics/even/index.html", "topics/odd/index.html", "feeds.opml", "catalog.json"):
        assert f'href="{link}"' in page(site, "")
    assert 'href="../topics/odd/index.html"' in page(site, "topics")
    assert 'href="../all/index.html"' not in page(site, "topics")
    assert "Title 5" in page(site, "")  # the newest of all, and of its topic


def test_run_without_changes_writes_nothing(site: EditableSite) -> None:
    assert site.changed() == set()
    assert not {"rendering", "writing"} & site.stages.keys()


def test_edit_changes_the_page_and_the_index_if_the_entry_is_the_newest(site: EditableSite) -> None:
    site.record("2.md", title="Edited", date="2026-03-01", topics=["Even"])  # shown by its topic, not the newest
    found = site.changed()
    assert {path for path in found if path.endswith(".html")} == {"topics/even/index.html"}
    site.record("4.md", title="Edited, too", date="2026-05-01", topics=["Even"])
    found = site.changed()
    assert {path for path in found if path.endswith(".html")} == PAGES - {"topics/odd/index.html"}


def test_late_entry_beyond_the_limit_is_counted(site: EditableSite) -> None:
    site.record("late.md", title="Late", date="2025-12-01", topics=["Even"])
    found = site.changed()
    assert {path for path in found if path.endswith(".html")} == PAGES - {"topics/odd/index.html"}
    assert "<span>4 entries</span>" in page(site, "topics/even")
    assert 'href="../../topics/even/archive/2025-12/feed.rss"' in page(site, "topics/even")


def test_style_of_the_site_changes_pages_and_no_feed(site: EditableSite) -> None:
    (site.folder / "templates").mkdir()
    (site.folder / "templates" / "site.css").write_text(":root { --accent: #060 }")
    assert site.changed() == PAGES
    assert "--accent: #060" in page(site, "all")
    assert site.stages["rendering"] == 0


def test_card_of_the_site_renders_the_entries_on_pages_again(site: EditableSite) -> None:
    (site.folder / "templates").mkdir()
    template = site.folder / "templates" / "card.html"
    template.write_text("<article>{{ entry.title }} at {{ site.title }}</article>")
    assert site.changed() == PAGES - LISTS
    assert site.stages["rendering"] == 4  # the two newest of each topic, which hold those of all
    assert "<article>Title 5 at T</article>" in page(site, "all")
    site.settings["site"]["title"] = "U"
    site.changed()
    assert "<article>Title 5 at U</article>" in page(site, "all")
    template.unlink()
    site.changed()
    assert " at U</article>" not in page(site, "all")


def test_title_of_the_site_renders_no_entry_again(site: EditableSite) -> None:
    site.settings["site"]["title"] = "Another"
    site.build()
    assert site.stages["rendering"] == 0
    assert "Another" in page(site, "topics/even")


def test_invalid_template_is_reported_with_its_line_and_changes_nothing(site: EditableSite) -> None:
    whole = site.tree()
    (site.folder / "templates").mkdir()
    (site.folder / "templates" / "page.html").write_text(
        "{% extends 'syndicate/page.html' %}\n{% block top %}{{ nothing }}{% endblock %}"
    )
    site.record("7.md", title="New", date="2026-05-02", topics=["Odd"])
    with pytest.raises(ConfigError, match=r"templates/page\.html:2:1: template: .*nothing"):
        site.build()
    assert site.tree() == whole
    (site.folder / "templates" / "page.html").write_text("{% block top %}")
    done = run("check", "-c", str(site.configure()), cwd=site.folder)
    assert done.returncode == 3
    assert "templates/page.html:1:1: template:" in done.stderr
    (site.folder / "templates" / "page.html").unlink()
    site.build()
    assert site.tree() == site.built_from_nothing(site.folder.parent / "fresh")


def topics(site: EditableSite) -> dict[str, str]:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        return dict(sql.execute("SELECT topic_url, path FROM topics"))


def test_pages_have_topic_urls_only_if_configured(site: EditableSite) -> None:
    feeds = {f"https://f.example/{path}": path for path in site.tree() if "/feed." in path and "archive" not in path}
    assert topics(site) == feeds
    assert '<link rel="self" href="https://f.example/all/feed.rss">' in page(site, "all")
    site.settings["push"] = {"pages": True}
    site.build()
    folders = {f"https://f.example/{path.removesuffix('index.html')}": path for path in PAGES}
    assert topics(site) == feeds | folders
    assert '<link rel="self" href="https://f.example/all/">' in page(site, "all")
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        (waiting,) = sql.execute("SELECT COUNT(*) FROM deliveries WHERE topic_url LIKE '%/'").fetchone()
    assert waiting == len(PAGES)
    site.settings["push"] = {"pages": False}
    site.build()
    assert topics(site) == feeds


def test_index_lists_topics_below_their_parents(site: EditableSite) -> None:
    site.settings["topics"] = {"Odd": {"parent": "Even", "keywords": ["strange"]}}
    site.build()
    assert 'href="../../topics/even/index.html"' in page(site, "topics/odd")
    index = page(site, "")
    assert index.index(">Even") < index.index(">Odd")
    assert "Topics" not in index


def test_scale_of_the_lists_follows_the_busiest_month(site: EditableSite) -> None:
    def scales(path: str) -> set[str]:
        return set(re.findall(r'viewBox="(\d+ -\d+ 24 \d+)"', page(site, path)))

    before = scales("")
    for number in range(8):
        site.record(f"busy{number}.md", title=f"Busy {number}", date=f"2026-04-{number + 2:02}", topics=["Even"])
    found = site.changed()
    assert found >= LISTS
    assert scales("") == scales("topics")
    assert len(scales("")) == 1
    assert scales("") != before
    assert site.tree() == site.built_from_nothing(site.folder.parent / "fresh")


def test_language_of_the_site_changes_words_of_pages_and_entries(site: EditableSite) -> None:
    site.record("1.md", title="Title 1", date="2026-06-01", topics=["Odd"], provider={"name": "P"}, excerpt="x")
    site.build()
    assert "Source: " in (site.output / "topics/odd/feed.json").read_text(encoding="utf-8")
    site.settings["site"]["language"] = "de"
    site.build()
    assert "Quelle: " in (site.output / "topics/odd/feed.json").read_text(encoding="utf-8")
    assert "Odd: Neues von T" in (site.output / "topics/odd/feed.rss").read_text(encoding="utf-8")
    assert "Abonnieren" in page(site, "topics/odd")
    assert "Themen" in page(site, "topics")
    assert 'text="Themen"' in (site.output / "feeds.opml").read_text(encoding="utf-8")
    assert site.tree() == site.built_from_nothing(site.folder.parent / "fresh")
