"""After any history of edits, kills, lost uploads and overload, a bucket holds what a folder would hold."""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from support.bucket_sites import BucketSite
from support.object_proxy import ObjectProxy, Request, proxied
from support.object_services import ENVIRONMENT, ObjectService
from support.state_machines import history_settings

from syndicate.errors import OutputError

pytestmark = pytest.mark.bucket
NAMES = st.sampled_from(["a.md", "b.md", "c.md", "d/e.md", "f.md"])
TOPICS = st.lists(st.sampled_from(["One", "Two", "C++"]), max_size=2)
DATES = st.sampled_from(["2025-12-31", "2026-01-01", "2026-05-31", "2026-06-03"])


@pytest.fixture
def proxy(seaweedfs: ObjectService) -> Iterator[ObjectProxy]:
    with proxied(seaweedfs) as running:
        yield running


class History(RuleBasedStateMachine):
    """A corpus that people edit, and a bucket that fails; each build is repeated until it succeeds."""

    proxy: ClassVar[ObjectProxy]
    numbers: ClassVar[Iterator[int]] = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.proxy.reset()
        self.folder = Path(tempfile.mkdtemp(prefix="syndicate-bucket-"))
        self.site = BucketSite(self.folder / "site", self.proxy, f"history{next(self.numbers)}/")
        self.names: set[str] = set()
        self.is_damaged = False

    def teardown(self) -> None:
        self._build_until_done()
        self.site.let_deletions_fall_due()
        self.site.build_bucket(verify=True)
        assert self.site.documents() == self.site.build_folder()
        assert self.site.pending() == {}
        shutil.rmtree(self.folder)

    @rule(name=NAMES, topics=TOPICS, date=DATES, title=st.sampled_from(["A", "B & <C>"]))
    def write(self, name: str, topics: list[str], date: str, title: str) -> None:
        self.site.record(name, title=title, topics=topics, date=date)
        self.names.add(name)

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.names)))
        self.names.remove(name)
        (self.site.folder / "corpus" / name).unlink()

    @rule(days=st.sampled_from([1, 3, 40]))
    def advance_the_clock(self, days: int) -> None:
        self._build_until_done()
        self.site.now += timedelta(days=days)

    @rule(key=st.sampled_from(["limit", "archive"]), value=st.sampled_from([1, 2]))
    def configure(self, key: str, value: int) -> None:
        self.site.settings["feeds"][key] = value if key == "limit" else ["month", "year"][value - 1]

    @rule(seconds=st.sampled_from([60, 300]))
    def change_the_cache_time(self, seconds: int) -> None:
        self.site.settings["serve"] = {"max_age_s": seconds}

    @rule(share=st.sampled_from([0.1, 0.3]), seed=st.integers(0, 99))
    def build_while_the_service_is_overloaded(self, share: float, seed: int) -> None:
        chance = random.Random(seed)
        kinds = ["slow down", "cut"]
        self.proxy.reset(lambda request: chance.choice(kinds) if chance.random() < share else "")
        with suppress(OutputError):
            self.site.build_bucket()
        self._compare()

    @rule(number=st.integers(0, 40))
    def kill_a_build(self, number: int) -> None:
        killed_build(self.site, self.proxy, number)
        self._compare()

    @rule(seed=st.integers(0, 99))
    def lose_uploads(self, seed: int) -> None:
        chance = random.Random(seed)
        self.proxy.reset(lambda request: "lose" if request.is_document and chance.random() < 0.3 else "")
        self.site.build_bucket()
        self.site.build_folder()  # it publishes what the bucket was to publish
        self.is_damaged = True

    @rule(data=st.data())
    def alter_the_bucket(self, data: st.DataObject) -> None:
        if documents := sorted(self.site.documents()):
            path = data.draw(st.sampled_from(documents))
            if data.draw(st.booleans()):
                self.proxy.behind.put(self.site.prefix + path, b"altered")
            else:
                self.proxy.behind.delete(self.site.prefix + path)
            self.is_damaged = True

    @rule()
    def an_hour_passes(self) -> None:
        self.site.let_deletions_fall_due()

    def _build_until_done(self) -> None:
        self.proxy.reset()
        self.site.build_bucket(verify=self.is_damaged)
        self.is_damaged = False
        self._compare(built=True)

    def _compare(self, *, built: bool = False) -> None:
        self.proxy.reset()
        if not built:
            self.site.build_bucket(verify=self.is_damaged)
            self.is_damaged = False
        expected, found, pending = self.site.build_folder(), self.site.documents(), self.site.pending()
        assert {path: found.get(path) for path in expected} == expected
        assert found.keys() - expected.keys() <= pending.keys()
        self.proxy.reset()
        again = self.site.build_bucket()
        assert (again.written, again.removed) == (0, 0)
        assert not any(request.is_document for request in self.proxy.requests)


def test_bucket_equals_a_folder_after_any_history(proxy: ObjectProxy) -> None:
    History.proxy = proxy
    run_state_machine_as_test(
        History,
        settings=history_settings(12, 12),
    )


def killed_build(site: BucketSite, proxy: ObjectProxy, number: int) -> bool:
    """Builds in a process that is killed at a request, before or after the service sees it; returns whether it was."""
    started = threading.Event()
    killed = threading.Event()

    def fault(request: Request) -> str:
        started.wait()
        if request.number == number:
            os.kill(process.pid, signal.SIGKILL)
            killed.set()
            return "slow down" if number % 16 else "cut"  # it was not sent, or it was
        return ""

    proxy.reset(fault)
    process = site.start_build(ENVIRONMENT)
    started.set()
    output, _ = process.communicate(timeout=60)
    assert process.returncode in {0, -signal.SIGKILL}, output.decode()
    proxy.reset()
    return killed.is_set()


def test_build_killed_at_each_request_is_completed_by_the_next(proxy: ObjectProxy, prefix: str, tmp_path: Path) -> None:
    """A reader never meets a torn document, nor a link to a document that is not there."""
    site = BucketSite(tmp_path / "site", proxy, prefix)
    for number in range(4):
        site.record(f"{number}.md", title=f"Old {number}", date=f"2026-0{number + 1}-01", topics=["One"])
    _edit(site, 0)
    site.build_bucket()
    site.build_folder()
    kills = 0
    for number in range(0, 200, 8):
        old = site.documents()
        _edit(site, number + 1)
        was_killed = killed_build(site, proxy, number)
        found = site.documents()
        new = site.build_folder()
        for path, content in found.items():
            assert content in {old.get(path), new.get(path)}, (number, path)
        assert _dead_links(found, set(old)) == []
        kills += was_killed
        site.build_bucket()
        found = site.documents()
        assert {path: found[path] for path in new} == new
        assert found.keys() - new.keys() <= site.pending().keys()
        if not was_killed:
            break
    assert kills > 4


def _edit(site: BucketSite, number: int) -> None:
    """Changes an entry and an archive, and replaces the feeds of two topics by those of two others."""
    site.record("0.md", title=f"New {number}", date="2026-01-01", topics=["One"])
    site.record("more.md", title="More", date="2026-05-09", topics=["One", f"Topic {number}"])
    site.record("last.md", title="Last", date="2026-05-10", topics=[f"Other {number}"])


def _dead_links(documents: dict[str, bytes], known: set[str]) -> list[tuple[str, str]]:
    """Returns the links to documents that are missing, from documents that a reader reaches from known ones."""
    reached, dead = set(known), []
    waiting = sorted(known)
    while waiting:
        path = waiting.pop()
        for address in re.findall(rb"https://f\.example/([^\s\"<>&']*)", documents[path]):
            target = address.decode()
            target = f"{target}index.html" if target.endswith("/") or not target else target
            if target not in documents:
                dead.append((path, target))
            elif target not in reached:
                reached.add(target)
                waiting.append(target)
    return dead
