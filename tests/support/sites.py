"""A site on a real disk: its corpus, its configuration, a build in this process or in one of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from syndicate import config
from syndicate.model import Document
from syndicate.outputs.compress import compressed_variants
from syndicate.pipeline import Summary, build

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


class Place:
    """A folder with `config.yaml`, `corpus/` and what is built from them."""

    def __init__(self, folder: Path, text: str = CONFIG) -> None:
        self.folder = folder
        self.corpus = folder / "corpus"
        self.output = folder / "feeds"
        self.corpus.mkdir(parents=True)
        self.configure(text)

    def configure(self, text: str) -> None:
        (self.folder / "config.yaml").write_text(text, encoding="utf-8")

    def put(self, path: str, content: str | bytes) -> Path:
        """Write a corpus file."""
        file = self.corpus / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def load(self) -> config.Config:
        return config.load(str(self.folder / "config.yaml"))

    def build(self, now: datetime = NOW) -> Summary:
        return build(self.load(), now)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run(*arguments, cwd=self.folder, **environment)


def record(title: str, *lines: str, date: str = "2026-01-31T12:00:00Z", body: str = "") -> str:
    """A news record with a title, a date, and any further lines of metadata."""
    return "\n".join(["---", f'title: "{title}"', f"publishedDateTime: {date}", *lines, "---", body])


def clean_environment(changes: Mapping[str, str] = {}) -> dict[str, str]:
    """This process's environment without what would change a build or the look of its messages."""
    dropped = set(
        "SOURCE_DATE_EPOCH PYTHONHASHSEED PYTHONUNBUFFERED PYTHONIOENCODING PYTHONUTF8 TZ LC_ALL LANG COLUMNS "
        "FORCE_COLOR NO_COLOR".split()
    )
    return {name: value for name, value in os.environ.items() if name not in dropped} | dict(changes)


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One verb in a process of its own."""
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
    """Every file below a folder: its path, its bytes."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


_DELETED = re.compile(
    rb'^<at:deleted-entry [^\n]*/>\n|(?<=^\])\n,"_syndicate":\{"about":[^\n]*,"deleted":[^\n]*\n(?=\}\n\Z)',
    re.MULTILINE,
)


def but_for_deletions(tree: dict[str, bytes]) -> dict[str, bytes]:
    """A tree without its tombstones: the one thing that a build from nothing cannot know.

    That is: in Atom the lines of `at:deleted-entry`, in JSON Feed the line of `_syndicate.deleted` after the items; and
    what is compressed of a document that had some, is compressed of what is left of it.
    """
    left = dict(tree)
    for path, content in tree.items():
        if path.endswith(("/feed.atom", "/feed.json")) and (kept := _DELETED.sub(b"", content)) != content:
            left[path] = kept
            variants = {one.path: one.content for one in compressed_variants(Document(path=path, content=kept))}
            for variant in (f"{path}.gz", f"{path}.br"):
                if left.pop(variant, None) is not None and variant in variants:
                    left[variant] = variants[variant]
    return left
