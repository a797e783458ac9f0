"""The Dask cluster that these tests use, which `make test-dask` lets them start."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from support.dask_clusters import DaskCluster, dask_cluster


@pytest.fixture(autouse=True, scope="session")
def _wanted() -> None:
    if not os.environ.get("SYNDICATE_TEST_DASK"):
        pytest.skip("requires a Dask cluster: run `make test-dask`")
    pytest.importorskip("distributed", reason="requires a Dask cluster: pip install 'syndicate[dask]'")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Returns a cluster of two workers, for tests that kill none of them."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running
