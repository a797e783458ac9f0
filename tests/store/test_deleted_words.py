"""The files of the index keep no words of an entry that was hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import zstandard
from support.sites import CONFIG, SiteFolder

from syndicate.store import open_store

WORDS = ("quetzalcoatl", "xylophonist", "wunderkammer")
TEXT = " ".join(WORDS)


def record(number: int, *, words: str = "", draft: bool = False) -> str:
    filler = " ".join(f"word{number * 7 % 89} {number}" for _ in range(60))
    return (
        f"---\ntitle: Title {number} {words}\ndate: 2026-01-01\ntopics: [a, b]\nexcerpt: Text {words} {number}\n"
        f"draft: {str(draft).lower()}\n---\n{filler} {words}\n\n{filler}\n"
    )


def files_that_hold_words(state: Path) -> list[str]:
    """Return the names of files that hold a word, plainly or in a compressed fragment, in use or in free space."""
    found = []
    for path in sorted(path for path in state.iterdir() if path.is_file()):
        content = path.read_bytes()
        texts = [content, *(_decompressed(content[match.start() :]) for match in re.finditer(_FRAME, content))]
        if any(word.encode() in text.lower() for word in WORDS for text in texts):
            found.append(path.name)
    return found


_FRAME = re.escape(zstandard.FRAME_HEADER)


def _decompressed(frame: bytes) -> bytes:
    """Return what the beginning of a frame holds. Its end may be on other pages of the index."""
    reader = zstandard.ZstdDecompressor().decompressobj()
    try:
        return reader.decompress(frame[:4000])
    except zstandard.ZstdError:
        return b""


@contextmanager
def server(state: Path) -> Iterator[None]:
    """Keeps a connection to the index open, as a server does."""
    with closing(open_store(str(state), max_readers=1)) as store:
        with store.read() as snapshot:
            snapshot.run_state()
        yield


@contextmanager
def no_server(_: Path) -> Iterator[None]:
    yield


@pytest.mark.parametrize("reading", [no_server, server])
@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
def test_hidden_entry_leaves_no_words_in_the_index(site_folder: SiteFolder, reading: object, long: bool) -> None:  # noqa: FBT001 - a parameter
    site_folder.configure(f"{CONFIG}api: {{}}\n")
    for number in range(150):
        site_folder.put(f"{number}.md", record(number))
    state = site_folder.folder / ".syndicate"
    words = " ".join([TEXT] * 900) if long else TEXT  # on several pages
    site_folder.put("hidden.md", record(150, words=TEXT).replace(TEXT, words, 3))
    site_folder.build()
    with reading(state):  # type: ignore[operator]
        site_folder.put("1.md", record(1, words="changed"))
        site_folder.put("hidden2.md", record(151, words=TEXT))
        site_folder.build()
        assert "index.db" in files_that_hold_words(state)
        site_folder.put("hidden.md", record(150, words=TEXT, draft=True))
        site_folder.put("hidden2.md", record(151, words=TEXT, draft=True))
        site_folder.build()
        assert files_that_hold_words(state) == []
    assert files_that_hold_words(state) == []
