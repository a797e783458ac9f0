"""A site that is built to a bucket and, at the same times, to a folder: the two must have the same documents."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from support.editable_sites import EditableSite
from support.object_services import BUCKET, ObjectService
from support.sites import clean_environment, tree

from syndicate import config
from syndicate.outputs.paths import DELETIONS, LOCK, MARKER
from syndicate.pipeline import BuildSummary, build

BUILD = """
import sys
from datetime import datetime
from syndicate import config
from syndicate.pipeline import build
build(config.load(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), allow_shrink=True)
"""


class BucketSite(EditableSite):
    """An editable site whose output is a bucket."""

    def __init__(self, folder: Path, service: ObjectService, prefix: str) -> None:
        super().__init__(folder)
        self.service = service
        self.prefix = prefix
        self.settings |= {
            "output": f"{service.scheme}://{BUCKET}/{prefix}",
            "bucket": {"endpoint": service.endpoint, "allow_http": True},
            "executor": "inline",
            "pages": True,
        }

    def build_bucket(self, *, verify: bool = False) -> BuildSummary:
        loaded = config.load(str(self.configure()))
        return build(loaded, self.now, allow_shrink=True, verify=verify)

    def start_build(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Starts a build in a process of its own, which a test may kill."""
        command = [sys.executable, "-c", BUILD, str(self.configure()), self.now.isoformat()]
        return subprocess.Popen(
            command, env=clean_environment(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def build_folder(self) -> dict[str, bytes]:
        """Builds the same to a folder, with a state of its own, and returns its documents."""
        other = self.folder.parent / f"{self.folder.name}-folder"
        other.mkdir(exist_ok=True)
        if not (other / "corpus").exists():
            os.symlink(self.folder / "corpus", other / "corpus")
        settings = {name: value for name, value in self.settings.items() if name not in {"output", "bucket"}}
        (other / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        build(config.load(str(other / "config.yaml")), self.now, allow_shrink=True)
        return _documents(tree(other / "feeds"))

    def documents(self) -> dict[str, bytes]:
        """Returns the documents in the bucket, also those that are to be deleted."""
        return _documents(self.service.objects(self.prefix))

    def pending(self) -> dict[str, int]:
        """Returns the documents that are to be deleted, and when."""
        answer = self.service.request("GET", self.prefix + DELETIONS)
        return json.loads(answer.body) if answer.status == 200 else {}

    def let_deletions_fall_due(self) -> None:
        """Changes the bucket as if an hour had passed."""
        self.service.put(self.prefix + DELETIONS, json.dumps(dict.fromkeys(self.pending(), 1)).encode())


def _documents(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in files.items() if path not in {MARKER, LOCK, DELETIONS}}
