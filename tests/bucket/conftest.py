"""The services that these tests need, which `make test-bucket` installs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import azure_service, google_service, object_services
from support.azure_service import AzureService
from support.google_service import GoogleService
from support.object_services import ObjectService

pytest.register_assert_rewrite("outputs.contract")
VENV = os.environ.get("SYNDICATE_TEST_BUCKET", "")


def _venv() -> Path:
    if not VENV:
        pytest.skip("requires object storage: run `make test-bucket`")
    return Path(VENV)


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectService]:
    """Returns a running SeaweedFS."""
    with object_services.seaweedfs(_venv(), tmp_path_factory.mktemp("seaweedfs")) as service:
        yield service


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectService]:
    """Returns a running moto."""
    with object_services.moto(_venv(), tmp_path_factory.mktemp("moto")) as service:
        yield service


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureService]:
    """Returns a running Azurite."""
    if not (_venv() / "node_modules" / ".bin" / "azurite-blob").exists():
        pytest.skip("requires Azurite, which `make test-bucket` installs with npm")
    with azure_service.azurite(_venv(), tmp_path_factory.mktemp("azurite")) as service:
        yield service


@pytest.fixture(scope="session")
def gcs() -> Iterator[GoogleService]:
    """Returns a running stub of Google Cloud Storage."""
    with google_service.google_stub() as service:
        yield service


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """Returns a prefix of the bucket that no other test uses."""
    return f"t{abs(hash(request.node.nodeid)):x}/news/"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    variables = object_services.ENVIRONMENT | azure_service.ENVIRONMENT | google_service.ENVIRONMENT
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
