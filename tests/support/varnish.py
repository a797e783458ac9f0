"""A real Varnish in front of object storage."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.object_services import BUCKET, ObjectService, free_port

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "bucket.md"


@contextmanager
def running_varnish(service: ObjectService, prefix: str, folder: Path) -> Iterator[str]:
    """Runs Varnish with the VCL of docs/bucket.md, and yields its address. Skips the test where there is none."""
    varnishd = shutil.which("varnishd", path=_PATH)
    if varnishd is None:
        pytest.skip("requires varnishd: apt-get install varnish varnish-modules")
    vcl = DOCUMENTATION.read_text(encoding="utf-8").split("```vcl\n")[1].split("```")[0]
    vcl = vcl.replace('"127.0.0.1"; .port = "8333"', f'"127.0.0.1"; .port = "{service.port}"')
    vcl = vcl.replace("/feeds/news/", f"/{BUCKET}/{prefix}")
    (folder / "site.vcl").write_text(vcl)
    port = free_port()
    command = [
        varnishd, "-F", "-j", "none", "-a", f"127.0.0.1:{port}", "-f", str(folder / "site.vcl"),
        "-n", str(folder / "varnish"), "-s", "malloc,64m", "-T", "none",
    ]  # fmt: skip
    log = folder / "varnish.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        _wait(port, process, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    import socket

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(log.read_text())
