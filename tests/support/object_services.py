"""Object storage on this machine: SeaweedFS and moto as processes, and raw requests to them without the product."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

ACCESS_KEY, SECRET_KEY = "test-key", "test-secret-that-no-log-may-show"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"}
BUCKET = "feeds"
_START_S = 60.0
_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
# moto wants a signature for DELETE, and does not verify it.
_UNVERIFIED = (
    f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/us-east-1/s3/aws4_request, SignedHeaders=a, Signature=0"
)
_IDENTITIES = {
    "identities": [
        {
            "name": "publisher",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {"name": "anonymous", "actions": ["Admin", "Read", "Write", "List"]},
    ]
}


class Answer(NamedTuple):
    """What a service answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class ObjectService:
    """A service at a port of this machine, and raw requests to it, which these services do not authorize."""

    scheme = "s3"

    def __init__(self, port: int, name: str, headers: Mapping[str, str] = {}) -> None:
        self.port = port
        self.name = name
        self._headers = dict(headers)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, method: str, key: str, body: bytes = b"", query: str = "") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            path = f"/{BUCKET}/{urllib.parse.quote(key)}" if key or query else f"/{BUCKET}"
            connection.request(method, path + query, body if method == "PUT" else None, self._headers)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()

    def put(self, key: str, body: bytes) -> None:
        assert self.request("PUT", key, body).status == 200

    def delete(self, key: str) -> None:
        assert self.request("DELETE", key).status in {200, 204}

    def keys(self, prefix: str) -> list[str]:
        """Returns the keys below a prefix, relative to it."""
        keys: list[str] = []
        token = ""
        while True:
            query = urllib.parse.urlencode(
                {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
                | ({"continuation-token": token} if token else {})
            )
            root = ET.fromstring(self.request("GET", "", query=f"?{query}").body)
            found = [element.text or "" for element in root.iter(f"{_NAMESPACE}Key")]
            keys += [urllib.parse.unquote_plus(key).removeprefix(prefix) for key in found]
            token = root.findtext(f"{_NAMESPACE}NextContinuationToken") or ""
            if not token:
                return keys

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Returns the objects below a prefix by their keys, relative to it."""
        return {key: self.request("GET", prefix + key).body for key in self.keys(prefix)}

    def create_bucket(self) -> None:
        self.request("PUT", "")

    def clear(self, prefix: str) -> None:
        for key in self.keys(prefix):
            self.delete(prefix + key)


@contextmanager
def seaweedfs(venv: Path, folder: Path) -> Iterator[ObjectService]:
    """Runs SeaweedFS with its S3 gateway, and a bucket."""
    identities = folder / "s3.json"
    identities.write_text(json.dumps(_IDENTITIES))
    s3, master, volume, filer = (free_port() for _ in range(4))
    command = [
        str(venv / "bin" / "weed"), "server", f"-dir={folder}", "-s3", f"-s3.port={s3}", f"-s3.config={identities}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}", f"-volume.port={volume}",
        f"-filer.port={filer}", "-master.volumeSizeLimitMB=64", "-volume.max=30",
        "-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        *(f"-{name}.port.grpc={free_port()}" for name in ("master", "volume", "filer", "s3")),
    ]  # fmt: skip
    with running(command, folder / "weed.log"):
        service = ObjectService(s3, "SeaweedFS")
        wait_until_ready(service)
        yield service


@contextmanager
def moto(venv: Path, folder: Path) -> Iterator[ObjectService]:
    """Runs moto's server, with a bucket."""
    port = free_port()
    with running([str(venv / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], folder / "moto.log"):
        service = ObjectService(port, "moto", {"Authorization": _UNVERIFIED})
        wait_until_ready(service)
        yield service


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=log.parent, env={**os.environ, "HOME": "/"}
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(service: ObjectService) -> None:
    """Waits until a service stores objects, in the bucket."""
    deadline = time.monotonic() + _START_S
    while True:
        try:
            service.create_bucket()
            service.put("ready", b"x")
            service.delete("ready")
        except (OSError, AssertionError):
            pass
        else:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{service.name} does not start")
        time.sleep(0.1)
