"""The process that builds is used again, and replaced when it ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.hubs import wait_until

from syndicate.delivery.build_process import BuildProcess

# Answers with its process id. `ACT` may do something else at each request.
PROGRAM = """
import json, os, signal, sys, time
for line in sys.stdin:
    number = len(os.listdir("requests"))
    open(f"requests/{number}", "w").write(line)
    is_last = False
    ACT
    print(json.dumps({"code": 0, "messages": [], "summary": {"pid": os.getpid()}, "is_last": is_last}), flush=True)
    if is_last:
        break
"""


@asynccontextmanager
async def build_process(folder: Path, act: str = "pass") -> AsyncIterator[BuildProcess]:
    (folder / "requests").mkdir()
    (folder / "answering.py").write_text(PROGRAM.replace("ACT", act), encoding="utf-8")
    process = BuildProcess(("answering",))
    try:
        yield process
    finally:
        await process.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def requests(folder: Path) -> list[str]:
    return [
        (folder / "requests" / name).read_text(encoding="utf-8") for name in sorted(os.listdir(folder / "requests"))
    ]


async def test_one_process_answers_all_requests(folder: Path) -> None:
    async with build_process(folder) as process:
        results = [await process.run(changed) for changed in (None, {"/b", "/a\udcff"}, set())]
    assert len({result.summary["pid"] for result in results}) == 1
    assert requests(folder) == ['{"changed": null}\n', '{"changed": ["/a\\udcff", "/b"]}\n', '{"changed": []}\n']


async def test_process_that_announces_its_end_is_replaced(folder: Path) -> None:
    async with build_process(folder, "is_last = True") as process:
        results = [await process.run(None) for _ in range(3)]
    assert len({result.summary["pid"] for result in results}) == 3


@pytest.mark.parametrize("act", ["if number == 1: sys.exit(0)", "if number == 1: os.kill(os.getpid(), signal.SIGKILL)"])
async def test_request_that_is_not_answered_is_made_again(folder: Path, act: str) -> None:
    async with build_process(folder, act) as process:
        first, second = await process.run(None), await process.run({"/a"})
    assert (first.code, second.code) == (0, 0)
    assert first.summary["pid"] != second.summary["pid"]
    assert requests(folder)[1:] == ['{"changed": ["/a"]}\n'] * 2


async def test_process_that_always_dies_is_a_failed_build(folder: Path) -> None:
    async with build_process(folder, "print('oops', file=sys.stderr); os.kill(os.getpid(), signal.SIGKILL)") as process:
        result = await process.run(None)
    assert (result.code, result.messages) == (1, ("the process that builds was ended by SIGKILL: oops",))


async def test_cancelled_build_is_terminated(folder: Path) -> None:
    async with build_process(folder, "open('pid', 'w').write(str(os.getpid())); time.sleep(60)") as process:
        building = asyncio.create_task(process.run(None))
        await wait_until(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)
