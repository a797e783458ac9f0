"""`precompress`: each document also exists in gzip and Brotli, and nothing else changes."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from contextlib import closing

import brotli
import pytest
from support.editable_sites import EditableSite

from syndicate.model import Document
from syndicate.outputs.compress import compressed_variants


@pytest.fixture
def small(editable_site: EditableSite) -> EditableSite:
    editable_site.settings |= {"precompress": True, "pages": True, "hubs": ["https://hub.example/"]}
    editable_site.settings["feeds"] = {"limit": 1, "by": ["topics"]}
    editable_site.record("a.md", date="2026-01-01", excerpt="x" * 300)
    editable_site.record("b.md", date="2026-02-01", topics=["Two"])
    editable_site.record("c.md", date="2026-03-01", topics=["Two"])
    return editable_site


def split(tree: dict[str, bytes]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    packed = {path: content for path, content in tree.items() if path.endswith((".gz", ".br"))}
    return {path: content for path, content in tree.items() if path not in packed}, packed


def test_each_document_has_both_compressed_variants(small: EditableSite) -> None:
    small.build()
    plain, packed = split(small.tree())
    large = {path for path, content in plain.items() if len(content) >= 256}
    assert set(packed) == {f"{path}.{ending}" for path in large for ending in ("gz", "br")}
    for path in large:
        assert gzip.decompress(packed[f"{path}.gz"]) == brotli.decompress(packed[f"{path}.br"]) == plain[path]
    small.settings["precompress"] = False
    assert small.built_from_nothing(small.folder / "fresh") == plain


def test_bytes_are_a_function_of_the_document() -> None:
    document = Document("feed.rss", b"<rss>" * 1000)
    assert compressed_variants(document) == compressed_variants(document)
    assert compressed_variants(document)[0].content[4:8] == b"\0\0\0\0"  # no time
    assert compressed_variants(Document("feed.rss", b"x" * 255)) == []


def test_unchanged_variants_are_not_touched(small: EditableSite) -> None:
    small.build()
    before = {path: path.stat().st_mtime_ns for path in small.output.rglob("*") if path.is_file()}
    assert small.build().written == 0
    small.record("b.md", title="Beta", date="2026-02-01", topics=["Two"])
    small.build()
    moved = {path.name for path, at in before.items() if path.stat().st_mtime_ns != at}
    assert {"feed.rss", "feed.rss.gz", "feed.rss.br"} <= moved
    assert (small.output / "topics/one/feed.rss.gz").stat().st_mtime_ns == before[
        small.output / "topics/one/feed.rss.gz"
    ]


def test_disabling_it_removes_all_variants(small: EditableSite) -> None:
    small.build()
    small.settings["precompress"] = False
    small.build()
    assert split(small.tree())[1] == {}
    small.settings["precompress"] = True
    small.build()
    assert small.tree() == small.built_from_nothing(small.folder / "fresh")


@pytest.mark.parametrize("change", ["remove", "spoil"])
def test_altered_variant_is_written_again(change: str, small: EditableSite) -> None:
    small.build()
    before = small.tree()
    for name in ("all/feed.rss.gz", "catalog.json.br", "all/index.html.gz"):
        if change == "remove":
            (small.output / name).unlink()
        else:
            (small.output / name).write_bytes(b"spoilt")
    small.build()
    assert small.tree() == before


def test_variants_of_a_removed_feed_are_removed_without_an_index(small: EditableSite) -> None:
    small.build()
    for name in ("b.md", "c.md"):
        (small.folder / "corpus" / name).unlink()
    (small.output / "own.rss.gz").write_bytes(gzip.compress(b"mine"))
    (small.output / "topics/own").mkdir()
    for ending in ("gz", "br"):
        (small.output / f"topics/own/feed.rss.{ending}").write_bytes(b"mine, and no archive")
    shutil.rmtree(small.state)
    small.build()
    tree = small.tree()
    assert not any(path.startswith("topics/two") for path in tree)
    assert {path for path in tree if "own" in path} == {
        "own.rss.gz",
        "topics/own/feed.rss.gz",
        "topics/own/feed.rss.br",
    }


def test_variants_have_no_topic_urls(small: EditableSite) -> None:
    small.build()
    with closing(sqlite3.connect(small.state / "index.db")) as sql:
        topic_urls = {row[0] for row in sql.execute("SELECT topic_url FROM topics")}
    assert topic_urls
    assert not any(url.endswith((".gz", ".br")) for url in topic_urls)
