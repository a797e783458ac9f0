"""A site that is built on a Dask cluster and, at the same times, on one machine: both must have the same documents."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml
from support.dask_clusters import DaskCluster
from support.editable_sites import EditableSite
from support.sites import clean_environment, tree

from syndicate import config
from syndicate.pipeline import build

BUILD = """
import sys
from datetime import datetime
from syndicate import config
from syndicate.pipeline import build
build(config.load(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), allow_shrink=True)
"""


class DaskSite(EditableSite):
    """An editable site that is built on a cluster, however few records change."""

    def __init__(self, folder: Path, cluster: DaskCluster, batch: int = 2) -> None:
        super().__init__(folder)
        self.settings["pages"] = True
        self.settings["executor"] = {
            "kind": "dask", "scheduler": cluster.address, "batch": batch, "timeout_s": 60,
        }  # fmt: skip

    def start_build(self) -> subprocess.Popen[bytes]:
        """Starts a build in a process of its own, which a test may kill."""
        command = [sys.executable, "-c", BUILD, str(self.configure()), self.now.isoformat()]
        return subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def build_alone(self) -> dict[str, bytes]:
        """Builds the same on this machine, with output and state of its own, and returns its documents."""
        other = self.folder.parent / f"{self.folder.name}-alone"
        other.mkdir(exist_ok=True)
        if not (other / "corpus").exists():
            os.symlink(self.folder / "corpus", other / "corpus")
        dropped = {"executor", "output", "bucket"}
        settings = {name: value for name, value in self.settings.items() if name not in dropped}
        (other / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        build(config.load(str(other / "config.yaml")), self.now, allow_shrink=True)
        return tree(other / "feeds")
