"""docs/scale.md: "All of it on one machine" runs as written, with the ports of the test's services."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.hubs import ReceivedRequest, http_server, responds
from support.object_services import ENVIRONMENT, ObjectService, free_port
from support.postgres_server import PostgresServer
from support.sites import clean_environment

pytestmark = pytest.mark.dask
PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")


async def test_site_on_a_database_a_cluster_and_a_bucket(
    server: PostgresServer, service: ObjectService, tmp_path: Path
) -> None:
    server.execute("CREATE DATABASE news ENCODING 'UTF8' TEMPLATE template0")
    received: list[str] = []

    def record(ping: ReceivedRequest) -> object:
        received.append(ping.topic_url)
        return responds()(ping)

    section = PAGE.split("## All of it on one machine\n")[1].split("\n## ")[0]
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
    script = re.sub(r"^pip install .*$", "", script, flags=re.MULTILINE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        script = script.replace(f"{name}=…", f"{name}={ENVIRONMENT[name]}")
    script = script.replace("PGPASSWORD=…", "PGPASSWORD=unused")
    script = script.replace("@127.0.0.1/news", f"@/news?host={server.folder}")
    for port in ("8786", "8091", "8092"):
        script = script.replace(port, str(free_port()))
    async with http_server(record) as hub:  # type: ignore[arg-type]
        script = script.replace("8333", str(service.port)).replace("http://127.0.0.1:8081/", hub.url)
        done = await _run(script, tmp_path)
    assert done.returncode == 0, done.stderr
    digests = re.findall(r"^[0-9a-f]{64}", done.stdout, re.MULTILINE)
    assert (len(digests), len(set(digests))) == (3, 1)
    assert "1 hub: delivers" in done.stdout
    assert f"http://127.0.0.1:{service.port}/feeds/news/all/feed.atom" in received
    assert set(Counter(received).values()) == {1}
    service.clear("news/")


async def _run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a script in a session of its own, and ends what it left in the background."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = clean_environment({"PATH": path})
    output, errors = folder / "output", folder / "errors"
    with output.open("wb") as out, errors.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            "bash", "-euc", script, cwd=folder, env=environment, stdout=out, stderr=err, start_new_session=True
        )
        try:
            code = await asyncio.wait_for(process.wait(), 180)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
    return subprocess.CompletedProcess("script", code, output.read_text(), errors.read_text())
