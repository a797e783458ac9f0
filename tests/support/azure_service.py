"""Azure's object storage on this machine: Azurite as a process, and requests to it without the product."""

from __future__ import annotations

import base64
import hmac
import http.client
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from xml.etree import ElementTree as ET

from support.object_services import BUCKET, Answer, ObjectService, free_port, running, wait_until_ready

ACCOUNT = "devstoreaccount1"
# The key that Azurite publishes for its account.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ENVIRONMENT = {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY}


class AzureService(ObjectService):
    """Azurite at a port of this machine. Requests are signed with the account's key.

    https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
    """

    scheme = "az"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def request(self, method: str, key: str, body: bytes = b"", query: str = "") -> Answer:
        given = dict(urllib.parse.parse_qsl(query.removeprefix("?")))
        path = f"/{ACCOUNT}/{BUCKET}{'/' if key else ''}{urllib.parse.quote(key)}"
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
        if method == "PUT" and key:
            headers["x-ms-blob-type"] = "BlockBlob"
        signature = _signature(method, path, headers, given, len(body))
        headers |= {"Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Length": str(len(body))}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, f"{path}?{urllib.parse.urlencode(given)}", body, headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def put(self, key: str, body: bytes) -> None:
        assert self.request("PUT", key, body).status == 201

    def delete(self, key: str) -> None:
        assert self.request("DELETE", key).status in {202, 404}

    def keys(self, prefix: str) -> list[str]:
        keys: list[str] = []
        marker = ""
        while True:
            query = urllib.parse.urlencode(
                {"restype": "container", "comp": "list", "prefix": prefix} | ({"marker": marker} if marker else {})
            )
            root = ET.fromstring(self.request("GET", "", query=f"?{query}").body)
            keys += [(element.text or "").removeprefix(prefix) for element in root.iter("Name")]
            marker = root.findtext("NextMarker") or ""
            if not marker:
                return keys

    def create_bucket(self) -> None:
        self.request("PUT", "", query="?restype=container")


@contextmanager
def azurite(venv: Path, folder: Path) -> Iterator[AzureService]:
    """Runs Azurite, with a container."""
    port = free_port()
    program = venv / "node_modules" / ".bin" / "azurite-blob"
    command = [str(program), "--blobPort", str(port), "--location", str(folder), "--silent", "--skipApiVersionCheck"]
    with running(command, folder / "azurite.log"):
        service = AzureService(port, "Azurite")
        wait_until_ready(service)
        yield service


def _signature(method: str, path: str, headers: Mapping[str, str], query: Mapping[str, str], length: int) -> str:
    own = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    parameters = "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
    text = f"{method}\n\n\n{length or ''}\n\n\n\n\n\n\n\n\n{own}/{ACCOUNT}{path}{parameters}"
    return base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), "sha256")).decode()
