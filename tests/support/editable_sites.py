"""A small site that a test edits and builds repeatedly: a corpus, settings, and a clock."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from support.sites import tree

from syndicate import config
from syndicate.pipeline import BuildSummary, build
from syndicate.pipeline.reported import ScanMemory

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class EditableSite:
    """A site in a folder. `stages` counts the progress reports of the last build, by stage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.stages: Counter[str] = Counter()
        self.fresh: BuildSummary | None = None
        self.memory = ScanMemory()
        self.settings: dict[str, Any] = {
            "site": {"title": "T", "url": "https://f.example/", "id": "f.example,2026", "home": "https://w.example/"},
            "corpus": [{"path": "corpus"}],
            "feeds": {"limit": 3, "by": ["topics", "provider"]},
            "pages": False,
        }
        (folder / "corpus").mkdir(parents=True)

    @property
    def output(self) -> Path:
        return self.folder / "feeds"

    @property
    def state(self) -> Path:
        return self.folder / ".syndicate"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def record(self, name: str, **values: Any) -> Path:
        given = {"title": name, "date": "2026-01-01", "topics": ["One"], **values}
        return self.write(name, f"---\n{yaml.safe_dump(given, sort_keys=False)}---\n{given.pop('body', '')}\n")

    def configure(self) -> Path:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.settings), encoding="utf-8")
        return path

    def build(
        self, *, full: bool = False, allow_shrink: bool = True, changed: Collection[str] | None = None
    ) -> BuildSummary:
        """Builds in this process, from `changed` paths alone if they are given.

        Tests of the guard set `allow_shrink` to False, as the command line does.
        """
        self.stages.clear()

        def count(stage: str, done: int, total: int) -> None:
            self.stages[stage] += 1

        return build(
            config.load(str(self.configure())), self.now, count,
            full=full, allow_shrink=allow_shrink, changed=changed, memory=self.memory,
        )  # fmt: skip

    def tree(self) -> dict[str, bytes]:
        return tree(self.output)

    def changed(self) -> set[str]:
        """Builds; returns the documents that this changed, made or removed, and asserts their number."""
        before = self.tree()
        summary = self.build()
        after = self.tree()
        found = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        assert summary.written + summary.removed == len(found)
        return found

    def built_from_nothing(self, folder: Path, *, inline: bool = False) -> dict[str, bytes]:
        """Returns the documents of a build from nothing, in another folder, of the same corpus, settings and time.

        With `inline`, which must make no difference, it does not fork: copying the tests' large process takes as long
        as the rest of a build. Not for hostile records, which may end this process.
        """
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("corpus", "templates"):
            os.symlink(self.folder / name, folder / name)
        path = folder / "config.yaml"
        settings = self.settings | ({"executor": "inline"} if inline else {})
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        self.fresh = build(config.load(str(path)), self.now)
        return tree(folder / "feeds")
