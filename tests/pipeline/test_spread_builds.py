"""A first build whose documents are made by several processes, which read fragments from the index that is built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.editable_sites import EditableSite

from syndicate import config
from syndicate.feeds import archive
from syndicate.pipeline import build, executor
from syndicate.pipeline.executor import WorkerPool


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    editable_site.settings["feeds"] = {"limit": 4, "by": ["topics"]}
    editable_site.settings["pages"] = True
    for number in range(40):
        topics = [f"Topic {number % 3}", "Every"] if number % 2 else []
        editable_site.record(f"{number}.md", date=f"202{number % 4}-0{number % 9 + 1}-10", topics=topics)
    return editable_site


@pytest.fixture
def _spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_ENOUGH", 1)
    monkeypatch.setattr(executor, "worker_count", lambda: 3)


def build_during(site: EditableSite, stage: str, act: Callable[[], object]) -> int:
    """Builds, and acts when the run first reports a stage; returns how often it reached the end of this stage."""
    ends = 0

    def progress(name: str, done: int, total: int) -> None:
        nonlocal ends
        if name == stage:
            if not ends:
                act()
            ends += done == total

    build(config.load(str(site.configure())), site.now, progress)
    return ends


@pytest.mark.parametrize("most", [4, 250])
@pytest.mark.parametrize(
    "settings", [{}, {"precompress": True}, {"pages": False}, {"feeds": {"archive": "none", "limit": 2}}], ids=str
)
def test_documents_are_those_of_a_build_in_one_process(
    site: EditableSite, settings: dict[str, Any], most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", most)
    site.settings |= settings
    expected = site.built_from_nothing(tmp_path / "one process")
    monkeypatch.setattr(executor, "_ENOUGH", 1)
    counts: list[int] = []
    spreads = WorkerPool.spreads
    monkeypatch.setattr(WorkerPool, "spreads", lambda pool, count: counts.append(count) or spreads(pool, count))
    site.build()
    lists = {"index.html", "topics/index.html"}
    documents = [path for path in expected.keys() - lists if path.count("/") and not path.endswith((".gz", ".br"))]
    assert counts == [len(documents)]
    assert site.tree() == expected
    assert site.build().written == 0


@pytest.mark.usefixtures("_spread")
def test_record_that_changes_while_documents_are_written_begins_the_build_anew(
    site: EditableSite, tmp_path: Path
) -> None:
    ends = build_during(site, "writing", lambda: site.record("1.md", title="Edited", date="2021-02-10"))
    assert ends == 2
    assert site.build().entries == 40  # the build left the record for the next one
    assert site.tree() == site.built_from_nothing(tmp_path / "fresh")
    assert not [path for path in site.state.iterdir() if path.name.startswith("index.db.")]


@pytest.mark.usefixtures("_spread")
def test_build_that_fails_while_documents_are_written_leaves_nothing(site: EditableSite) -> None:
    def fail() -> None:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        build_during(site, "writing", fail)
    assert not list(site.state.glob("index.db*"))
    assert not list(site.output.rglob("feed.*"))
    assert site.build().written > 0
