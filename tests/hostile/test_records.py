"""The cost of reading one hostile record: processor time, memory and the size of the result.

Each generator is read at three sizes in a process of its own, so that memory is measured, and a record that never ends
costs only its own test. Processor time does not depend on what else the machine does.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import resource
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import pytest
from hostile.generators import GENERATORS

from syndicate import config
from syndicate.corpus.context import source_context
from syndicate.corpus.parse import parse_record
from syndicate.corpus.record import ParsedRecord

SIZES = (10_000, 40_000, 160_000)
MOST_S = 3.5  # for 160 KB: 22 µs for each character of markup, at a quarter of the speed of a machine of 2023
MOST_GROWTH = 10.0  # in time, for four times the size: 4 is linear, 16 quadratic
FROM_S = 0.4  # growth is compared where it can be measured, also on a machine that does much else
ATTEMPTS = 5  # processor time grows, too, when others use the caches of the processor: the least of some counts
MOST_BYTES = 300_000_000
MOST_EXPANSION = 20
MOST_PROBLEMS = 21
SITE = """\
site: {title: T, url: "https://f.example/", home: "https://w.example/", id: "f.example,2026"}
corpus: [{path: corpus}]
feeds: {by: [topics]}
"""


class Cost(NamedTuple):
    """What reading a record took: processor time, memory that was added, and the bytes of its result."""

    seconds: float
    memory_bytes: int
    result_bytes: int
    problems: list[str]


def measure(folder: Path, texts: list[str], answer: Connection) -> None:
    """Send the cost of each text. Runs in a process of its own."""
    os.setpgrp()
    gc.freeze()  # objects of the tests that ran before are in this fork: collections would visit, and so copy, them all
    loaded = config.load(str(folder / "config.yaml"))
    (source,) = loaded.sources
    context = source_context(loaded, source)
    parse_record(source, b"ordinary.md", context)  # imports and caches are no cost of a record
    for text in texts:
        (folder / "corpus" / "hostile.md").write_text(text, encoding="utf-8", errors="surrogatepass")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        record = parse_record(source, b"hostile.md", context)
        seconds = time.process_time() - started
        added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * 1024
        assert isinstance(record, ParsedRecord)
        answer.send(Cost(seconds, added, len(pickle.dumps(record)), [str(problem) for problem in record.problems]))


def write_site(folder: Path) -> None:
    """Write a site of one ordinary record."""
    (folder / "corpus").mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(SITE, encoding="utf-8")
    ordinary = "---\ntitle: T\ndate: 2026-01-01\n---\na *b* <b>c</b> {{ d }}\n\n| a |\n|---|\n| b |\n"
    (folder / "corpus" / "ordinary.md").write_text(ordinary, encoding="utf-8")


@pytest.fixture(autouse=True, scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Import what reading a record needs, which each of the processes would do otherwise."""
    folder = tmp_path_factory.mktemp("imported")
    write_site(folder)
    loaded = config.load(str(folder / "config.yaml"))
    (source,) = loaded.sources
    parse_record(source, b"ordinary.md", source_context(loaded, source))


def costs(folder: Path, texts: list[str]) -> list[Cost]:
    """Return the cost of each text, measured in another process."""
    write_site(folder)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=measure, args=(folder, texts, sender))
    process.start()
    sender.close()
    found: list[Cost] = []
    try:
        while len(found) < len(texts):
            assert receiver.poll(60), f"reading {len(texts[len(found)]):,} characters took more than a minute"
            found.append(receiver.recv())
    finally:
        process.kill()
        process.join()
    return found


def is_slow(found: list[Cost]) -> bool:
    """Return whether a record took too long, or the time grew faster than the size of the record."""
    _, second, third = found
    grew = third.seconds > FROM_S and third.seconds >= MOST_GROWTH * max(second.seconds, FROM_S / 4)
    return grew or any(cost.seconds >= MOST_S for cost in found)


@pytest.mark.parametrize("name", GENERATORS)
def test_cost_of_a_hostile_record_is_bounded_and_grows_with_its_size(name: str, tmp_path: Path) -> None:
    texts = [GENERATORS[name].record(size) for size in SIZES]
    found = costs(tmp_path, texts)
    for _ in range(ATTEMPTS - 1):
        if not is_slow(found):
            break
        again = costs(tmp_path, texts)
        found = [min(pair, key=lambda cost: cost.seconds) for pair in zip(found, again, strict=True)]
    assert not is_slow(found), found
    for text, cost in zip(texts, found, strict=True):
        assert cost.memory_bytes < MOST_BYTES, cost
        assert cost.result_bytes < max(MOST_EXPANSION * len(text.encode("utf-8", "surrogatepass")), 70_000), cost
        assert len(cost.problems) <= MOST_PROBLEMS, cost


def test_large_ordinary_record_is_read_whole(tmp_path: Path) -> None:
    paragraph = "A sentence with a [link](https://x.example/a), *stress*, `code` and a [reference][r].\n\n"
    text = (
        "---\ntitle: T\ndate: 2026-01-01\n---\n"
        + paragraph * (900_000 // len(paragraph))
        + "\n[r]: https://r.example/\n"
    )
    (cost,) = costs(tmp_path, [text])
    assert cost.problems == []
    assert cost.result_bytes > len(text)
