"""The OpenAPI document: Schemathesis generates valid and invalid requests from it, and checks the responses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.api_server import served
from support.editable_sites import EditableSite

from syndicate.api import partners
from syndicate.api.parameters import EntryParameters

pytest.importorskip("schemathesis")

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,ignored_auth,unsupported_method"
)


@contextmanager
def serve_in_thread(site: EditableSite) -> Iterator[str]:
    """Serve the API in a thread, and yield its URL."""
    started: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with served(site) as client:
            started.put_nowait(str(client.make_url("/api/v1")))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield started.get_nowait()
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.mark.parametrize("public", [False, True], ids=["partners", "public"])
def test_every_response_conforms_to_the_description(site: EditableSite, public: bool) -> None:  # noqa: FBT001
    site.settings["api"] = {"public": public}
    for number in range(8):
        site.record(f"{number}.md", topics=["One", "Two"][: number % 3], quality=number, date=f"2026-01-0{number + 1}")
    site.build()
    header = []
    if not public:
        key = partners.add(str(site.folder / "partners.yaml"), "acme", (), 10**6)
        header = ["--header", f"Authorization: Bearer {key}"]
    with serve_in_thread(site) as url:
        run = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--url", url, *header),
                *(
                    "--checks",
                    CHECKS,
                    "--max-examples",
                    "60",
                    "--seed",
                    "1",
                    "--no-color",
                    "--generation-database=none",
                ),
            ],
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=300,
            cwd=site.folder,
        )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def test_description_has_the_limits_that_are_validated() -> None:
    properties = EntryParameters.model_json_schema()["properties"]
    assert properties["limit"] | {"title": "", "description": ""} == {
        "default": 50, "maximum": 500, "minimum": 1, "type": "integer", "title": "", "description": "",
    }  # fmt: skip
