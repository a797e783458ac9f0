"""What every output does, stated once: a test module subclasses `OutputContract` and gives it a backend."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from typing import Protocol

import pytest

from syndicate.errors import OutputError
from syndicate.model import Document
from syndicate.outputs.base import Output
from syndicate.outputs.paths import MARKER

OWNER = "feeds.test,2026"
SITE_URL = "https://feeds.test/"
PAGE = '<meta name="generator" content="syndicate"><link rel="canonical" href="{}">'

OWN_PATHS = (
    "all/feed.rss", "all/feed.atom", "all/feed.json", "topics/ibm-ai/feed.rss", "topics/c_x/feed.json",
    "all/archive/2026/feed.rss", "topics/ibm-ai/archive/2026-01/feed.atom", "topics/a/archive/2026-01-31-2/feed.json",
    "catalog.json", "feeds.opml", "feeds.css",
)  # fmt: skip
USER_PATHS = (
    "index.html", "robots.txt", ".htaccess", "topics/index.html", "topics/a/notes.txt", "topics/a/feed.rss.bak",
    "topics/a/FEED.RSS", "topics/a/feed.rss/deep.txt", "topics/a/b/feed.rss", "a/b/c/d/feed.atom", "feed.rss",
    "topics/a/feed.xml", "my-catalog.json", "topics/catalog.json", "topics/feeds.opml", "my.opml",
    "all/.well-known/feed.json", ".git/HEAD", "topics/a/feed.rss ", "topics/a/\nfeed.rss", "tmp.syndicate-newer",
)  # fmt: skip


class Backend(Protocol):
    """The place behind an output, as its user and its readers find it."""

    def open(self, owner: str = OWNER) -> Output:
        """Returns a new output over the same place, as another process opens it."""

    def write(self, path: str, content: bytes) -> None:
        """Writes a file without the output."""

    def delete(self, path: str) -> None:
        """Deletes a file without the output."""

    def files(self) -> dict[str, bytes]:
        """Returns everything in the place: published, staged and foreign."""


def document(path: str, content: str = "content") -> Document:
    return Document(path=path, content=content.encode())


def feed(path: str) -> Document:
    """Returns a document that states its address, as every feed does."""
    return document(path, f'<link href="{SITE_URL}{path}" rel="self"/>')


def put(output: Output, *documents: Document) -> dict[str, str]:
    """Stages and publishes documents; returns the versions of those that were published."""
    stage(output, documents)
    return output.publish()


def stage(output: Output, documents: Sequence[Document]) -> list[str | None]:
    """Stages documents; returns the version of each that is published with the same bytes, else None."""
    versions = output.stage(documents)
    unchanged = output.drop_unchanged()
    return [unchanged.get(one.path, version) for one, version in zip(documents, versions, strict=True)]


def published(backend: Backend) -> dict[str, bytes]:
    return {path: content for path, content in backend.files().items() if path != MARKER}


class OutputContract:
    """The tests. A subclass defines the fixture `backend`: an empty place.

    `refused_names` are names of the user's own files that an output cannot list, and reports.
    """

    refused_names: tuple[str, ...] = ()

    @pytest.fixture
    def output(self, backend: Backend) -> Output:
        """An output that its site has claimed."""
        opened = backend.open()
        opened.claim()
        return opened

    # ------------------------------------------------------------------------------------------------------- claiming

    def test_empty_output_is_claimed(self, backend: Backend) -> None:
        backend.open().claim()
        assert backend.files() == {MARKER: f"{OWNER}\n".encode()}

    def test_output_is_claimed_again_by_the_same_site(self, backend: Backend, output: Output) -> None:
        put(output, feed("all/feed.rss"))
        before = backend.files()
        backend.open().claim()
        output.claim()
        assert backend.files() == before

    @pytest.mark.parametrize("name", ["index.html", ".hidden", "feeds/all.rss", "all/feed.rss", "catalog.json"])
    def test_output_that_holds_foreign_files_is_refused_and_unchanged(self, name: str, backend: Backend) -> None:
        backend.write(name, b"mine")
        with pytest.raises(OutputError, match="holds files that syndicate did not write"):
            backend.open().claim()
        assert backend.files() == {name: b"mine"}

    @pytest.mark.parametrize("marker", [b"other.test,2026\n", b"feeds.test,2025\n", OWNER.encode(), b"", b"\xff\n"])
    def test_output_of_another_site_is_refused_and_unchanged(self, marker: bytes, backend: Backend) -> None:
        backend.write(MARKER, marker)
        with pytest.raises(OutputError, match=f"belongs to the site .*, not to '{OWNER}'"):
            backend.open().claim()
        assert backend.files() == {MARKER: marker}

    def test_output_of_the_former_owner_is_claimed(self, backend: Backend, output: Output) -> None:
        put(output, feed("all/feed.rss"))
        before = backend.files()
        with pytest.raises(OutputError, match="belongs to the site"):
            backend.open("new.test,2026").claim("other.test,2026")
        assert backend.files() == before
        backend.open("new.test,2026").claim(OWNER)
        assert backend.files() == before | {MARKER: b"new.test,2026\n"}

    def test_former_owner_claims_no_foreign_files(self, backend: Backend) -> None:
        backend.write("index.html", b"mine")
        with pytest.raises(OutputError, match="holds files that syndicate did not write"):
            backend.open().claim("former.test,2026")

    # --------------------------------------------------------------------------------------- staging and publishing

    def test_documents_are_published_at_their_paths(self, backend: Backend, output: Output) -> None:
        documents = [
            document("all/feed.rss", "one"),
            document("topics/c_x/feed.json", "two"),
            document("catalog.json", "three"),
        ]
        assert stage(output, documents) == [None, None, None]
        assert list(output.publish()) == [one.path for one in documents]
        assert published(backend) == dict(documents)

    def test_staged_document_is_not_published(self, output: Output) -> None:
        put(output, document("all/feed.rss", "old"))
        output.stage([document("all/feed.rss", "new"), document("new/feed.rss", "new")])
        found = output.read("all/feed.rss")
        assert found is not None
        assert found.content == b"old"
        assert output.read("new/feed.rss") is None

    def test_unchanged_document_is_not_written_again(self, output: Output) -> None:
        versions = put(output, document("all/feed.rss"))
        assert stage(output, [document("all/feed.rss")]) == [versions["all/feed.rss"]]
        assert output.publish() == {}
        assert list(output.altered(versions.items())) == []

    @pytest.mark.parametrize("content", ["", "conten", "content\n", "CONTENT"])
    def test_slightly_different_document_is_published(self, content: str, backend: Backend, output: Output) -> None:
        put(output, document("all/feed.rss"))
        assert list(put(output, document("all/feed.rss", content))) == ["all/feed.rss"]
        assert published(backend) == {"all/feed.rss": content.encode()}

    def test_batch_stages_only_the_documents_that_differ(self, backend: Backend, output: Output) -> None:
        versions = put(output, document("all/feed.rss"), document("all/feed.atom"))
        changed = [document("all/feed.rss"), document("all/feed.atom", "new"), document("all/feed.json")]
        assert stage(output, changed) == [versions["all/feed.rss"], None, None]
        assert list(output.publish()) == ["all/feed.atom", "all/feed.json"]
        assert published(backend) == dict(changed)

    def test_next_run_finds_documents_unchanged(self, backend: Backend, output: Output) -> None:
        versions = put(output, document("all/feed.rss"))
        again = backend.open()
        again.claim()
        assert stage(again, [document("all/feed.rss")]) == list(versions.values())

    def test_discarded_documents_are_not_published(self, backend: Backend, output: Output) -> None:
        put(output, document("all/feed.rss", "old"))
        before = backend.files()
        output.stage([document("all/feed.rss", "new"), document("topics/a/feed.rss")])
        output.discard()
        assert output.publish() == {}
        assert backend.files() == before

    def test_nothing_staged_publishes_nothing(self, output: Output) -> None:
        assert stage(output, []) == []
        assert output.publish() == {}
        output.discard()

    def test_document_that_another_process_staged_is_adopted_and_published(
        self, backend: Backend, output: Output
    ) -> None:
        worker = pickle.loads(pickle.dumps(output))
        assert worker.stage([document("topics/a/feed.rss"), document("topics/b/feed.rss")]) == [None, None]
        output.adopt(["topics/a/feed.rss"])
        output.adopt(["topics/b/feed.rss"])
        versions = output.publish()
        assert published(backend) == {"topics/a/feed.rss": b"content", "topics/b/feed.rss": b"content"}
        assert list(output.altered(versions.items())) == []

    def test_adopted_document_is_discarded(self, backend: Backend, output: Output) -> None:
        before = backend.files()
        pickle.loads(pickle.dumps(output)).stage([document("topics/a/feed.rss")])
        output.adopt(["topics/a/feed.rss"])
        output.discard()
        assert backend.files() == before

    def test_pickled_output_carries_no_staged_document(self, backend: Backend, output: Output) -> None:
        output.stage([document("all/feed.rss")])
        assert pickle.loads(pickle.dumps(output)).publish() == {}
        assert list(output.publish()) == ["all/feed.rss"]

    # -------------------------------------------------------------------------------------------------------- reading

    def test_published_document_is_read_with_its_version_and_time(self, output: Output) -> None:
        started = int(time.time())
        versions = put(output, document("topics/a/feed.rss"))
        found = output.read("topics/a/feed.rss")
        assert found is not None
        assert found.content == b"content"
        assert found.version == versions["topics/a/feed.rss"]
        assert started - 2 <= found.modified_s <= time.time() + 2

    @pytest.mark.parametrize("path", ["all/feed.rss", "topics", "topics/a", "topics/a/feed.rss/deep", "topics/a/feed"])
    def test_path_without_a_document_is_read_as_none(self, path: str, output: Output) -> None:
        put(output, document("topics/a/feed.rss"))
        assert output.read(path) is None

    # ------------------------------------------------------------------------------------------------------- versions

    def test_altered_yields_exactly_the_documents_that_differ_from_their_version(
        self, backend: Backend, output: Output
    ) -> None:
        versions = put(output, *(document(f"topics/{name}/feed.rss") for name in "abcd"))
        backend.write("topics/a/feed.rss", b"edited by hand")
        backend.delete("topics/b/feed.rss")
        put(output, document("topics/c/feed.rss", "published again"))
        altered = [*versions.items(), ("topics/never/feed.rss", versions["topics/d/feed.rss"])]
        assert list(backend.open().altered(altered)) == [
            "topics/a/feed.rss", "topics/b/feed.rss", "topics/c/feed.rss", "topics/never/feed.rss",
        ]  # fmt: skip

    # ------------------------------------------------------------------------------------------------------- removing

    def test_removed_documents_are_gone(self, backend: Backend, output: Output) -> None:
        put(output, feed("all/feed.rss"), feed("topics/a/feed.rss"), feed("topics/b/feed.rss"))
        output.remove(["all/feed.rss", "topics/a/feed.rss"])
        assert set(published(backend)) == {"topics/b/feed.rss"}

    def test_removing_a_path_that_does_not_exist_is_no_error(self, backend: Backend, output: Output) -> None:
        before = backend.files()
        output.remove(["all/feed.rss", "topics/a/archive/2026-01/feed.rss"])
        assert backend.files() == before

    def test_removed_document_is_published_again(self, backend: Backend, output: Output) -> None:
        put(output, feed("topics/a/feed.rss"))
        output.remove(["topics/a/feed.rss"])
        again = backend.open()
        again.claim()
        put(again, document("topics/a/feed.rss"))
        assert published(backend) == {"topics/a/feed.rss": b"content"}

    # ------------------------------------------------------------------------------------------------------ ownership

    @pytest.mark.parametrize("path", OWN_PATHS)
    def test_own_document_that_is_not_known_is_a_stray(self, path: str, output: Output) -> None:
        put(output, feed(path))
        assert list(output.strays(set())) == [path]
        assert list(output.strays({path})) == []
        assert not output.holds_foreign(path)

    @pytest.mark.parametrize(
        ("path", "address"),
        [
            ("index.html", SITE_URL),
            ("all/index.html", f"{SITE_URL}all/"),
            ("topics/a/index.html", f"{SITE_URL}topics/a/"),
        ],
    )
    def test_own_page_that_is_not_known_is_a_stray(self, path: str, address: str, output: Output) -> None:
        put(output, document(path, PAGE.format(address)))
        assert list(output.strays(set())) == [path]
        assert not output.holds_foreign(path)

    @pytest.mark.parametrize("path", USER_PATHS)
    def test_file_at_a_path_of_the_users_own_is_no_stray(self, path: str, backend: Backend, output: Output) -> None:
        backend.write(path, f"mine, served at {SITE_URL}{path}".encode())
        put(output, feed("topics/z/feed.json"))
        if path in self.refused_names:
            with pytest.raises(OutputError, match="invalid path"):
                list(output.strays(set()))
            return
        assert list(output.strays(set())) == ["topics/z/feed.json"]

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("all/feed.rss", "https://another.test/all/feed.rss"),
            ("all/feed.rss", ""),
            ("all/index.html", f'<link rel="canonical" href="{SITE_URL}all/">'),
            ("all/feed.rss.gz", "not compressed"),
        ],
    )
    def test_file_that_does_not_state_our_address_is_foreign(
        self, path: str, content: str, backend: Backend, output: Output
    ) -> None:
        backend.write(path, content.encode())
        assert list(output.strays(set())) == []
        assert output.holds_foreign(path)

    def test_path_without_a_document_is_not_foreign(self, output: Output) -> None:
        assert not output.holds_foreign("index.html")

    def test_leftovers_of_a_killed_run_are_removed_as_strays(self, backend: Backend, output: Output) -> None:
        put(output, feed("all/feed.rss"))
        before = backend.files()
        paths = ("all/feed.rss", "topics/half/feed.atom", "catalog.json")
        backend.open().stage([document(path) for path in paths])
        next_run = backend.open()
        next_run.remove(next_run.strays({"all/feed.rss"}))
        assert backend.files() == before

    def test_leftovers_of_a_killed_run_do_not_hinder_the_next(self, backend: Backend, output: Output) -> None:
        documents = [document("all/feed.rss", "complete"), document("catalog.json", "complete")]
        backend.open().stage([document(path, "part") for path, _ in documents])
        put(output, *documents)
        assert published(backend) == dict(documents)
