"""A site in a folder: its corpus, its configuration, and builds of it in this process or in a separate one."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from syndicate import config
from syndicate.model import Document
from syndicate.outputs.compress import compressed_variants
from syndicate.pipeline import BuildSummary, build

ROOT = Path(__file__).resolve().parents[2]
CORPORA = ROOT.parent / "shared" / "corpora"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
CONFIG = """\
site:
  title: Test Site
  url: "https://feeds.test/"
  id: "feeds.test,2026"
  home: "https://www.test/"
corpus: {path: corpus}
"""


class SiteFolder:
    """A folder with `config.yaml`, `corpus/` and, once built, `feeds/`."""

    def __init__(self, folder: Path, text: str = CONFIG) -> None:
        self.folder = folder
        self.corpus = folder / "corpus"
        self.output = folder / "feeds"
        self.corpus.mkdir(parents=True)
        self.configure(text)

    def configure(self, text: str) -> None:
        (self.folder / "config.yaml").write_text(text, encoding="utf-8")

    def put(self, path: str, content: str | bytes) -> Path:
        """Writes a corpus file; returns its path."""
        file = self.corpus / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def load(self) -> config.Config:
        return config.load(str(self.folder / "config.yaml"))

    def build(self, now: datetime = NOW) -> BuildSummary:
        return build(self.load(), now, allow_shrink=True)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run(*arguments, cwd=self.folder, **environment)


def record(title: str, *lines: str, date: str = "2026-01-31T12:00:00Z", body: str = "") -> str:
    """Returns a news record with a title, a date, and further lines of front matter."""
    return "\n".join(["---", f'title: "{title}"', f"publishedDateTime: {date}", *lines, "---", body])


def clean_environment(changes: Mapping[str, str] = {}) -> dict[str, str]:
    """Returns this process's environment without the variables that affect a build or the format of its messages."""
    dropped = set(
        "SOURCE_DATE_EPOCH PYTHONHASHSEED PYTHONUNBUFFERED PYTHONIOENCODING PYTHONUTF8 TZ LC_ALL LANG COLUMNS "
        "FORCE_COLOR NO_COLOR".split()
    )
    return {name: value for name, value in os.environ.items() if name not in dropped} | dict(changes)


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs one command of syndicate in a separate process."""
    return subprocess.run(
        [sys.executable, "-m", "syndicate", *arguments],
        cwd=cwd,
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Returns the bytes of every file below a folder, by relative path."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def kept_feeds(state: Path) -> list[str]:
    """Returns the paths of feeds that go on without entries because they were published before."""
    with closing(sqlite3.connect(state / "index.db")) as sql:
        return [row[0] for row in sql.execute("SELECT path FROM published_feeds WHERE entries = 0 ORDER BY path")]


def reproducible(tree: dict[str, bytes], state: Path) -> dict[str, bytes]:
    """Returns the part of a tree that a build from nothing reproduces.

    What was published before is known to the state alone: tombstones, and the feeds that go on without entries. No
    other document names these feeds.
    """
    kept = tuple(f"{path}/" for path in kept_feeds(state))
    return without_tombstones({path: content for path, content in tree.items() if not path.startswith(kept)})


_DELETED = re.compile(
    rb'^<at:deleted-entry [^\n]*/>\n|(?<=^\])\n,"_syndicate":\{"about":[^\n]*,"deleted":[^\n]*\n(?=\}\n\Z)',
    re.MULTILINE,
)


def without_tombstones(tree: dict[str, bytes]) -> dict[str, bytes]:
    """Returns the documents without their tombstones, which a build from nothing cannot reproduce.

    Tombstones are the lines of `at:deleted-entry` in Atom, and the line of `_syndicate.deleted` after the items in JSON
    Feed. The compressed variants of a document that had some are compressed again from the rest.
    """
    rest = dict(tree)
    for path, content in tree.items():
        if path.endswith(("/feed.atom", "/feed.json")) and (remaining := _DELETED.sub(b"", content)) != content:
            rest[path] = remaining
            variants = {one.path: one.content for one in compressed_variants(Document(path=path, content=remaining))}
            for variant in (f"{path}.gz", f"{path}.br"):
                if rest.pop(variant, None) is not None and variant in variants:
                    rest[variant] = variants[variant]
    return rest
