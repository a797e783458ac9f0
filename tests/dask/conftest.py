"""The Dask cluster that these tests use, which `make test-dask` lets them start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import object_services
from support.dask_clusters import DaskCluster, dask_cluster
from support.object_services import ObjectService
from support.postgres_server import PostgresServer, programs, running_server


@pytest.fixture(autouse=True, scope="session")
def _wanted() -> None:
    if not os.environ.get("SYNDICATE_TEST_DASK"):
        pytest.skip("requires a Dask cluster: run `make test-dask`")
    pytest.importorskip("distributed", reason="requires a Dask cluster: pip install 'syndicate-feeds[dask]'")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Returns a cluster of two workers, for tests that kill none of them."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectService]:
    """Returns a running SeaweedFS, which `make test-bucket` installs."""
    venv = os.environ.get("SYNDICATE_TEST_BUCKET", "")
    if not venv:
        pytest.skip("requires object storage: run `make test-bucket` before `make test-dask`")
    with object_services.seaweedfs(Path(venv), tmp_path_factory.mktemp("seaweedfs")) as running:
        yield running


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """Returns a running PostgreSQL server."""
    folder = programs()
    if folder is None:
        pytest.skip("requires a PostgreSQL server: run `make test-postgres` before `make test-dask`")
    with running_server(folder) as running:
        yield running


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in object_services.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
