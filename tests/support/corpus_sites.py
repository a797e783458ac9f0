"""A site whose corpus is in a bucket and, for comparison, in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from support.editable_sites import EditableSite
from support.object_services import BUCKET, ObjectService
from support.sites import tree

from syndicate import config
from syndicate.pipeline import BuildSummary, build


class CorpusSite(EditableSite):
    """A site whose corpus is copied to a bucket before each build, and built from there."""

    def __init__(self, folder: Path, service: ObjectService, prefix: str) -> None:
        super().__init__(folder)
        self.service = service
        self.prefix = f"{prefix}corpus/"
        self.address = f"s3://{BUCKET}/{self.prefix}"
        self.settings |= {
            "corpus": [{"path": self.address}],
            "bucket": {"endpoint": service.endpoint, "allow_http": True},
            "pages": True,
        }

    def upload(self) -> None:
        """Makes the bucket hold what the folder holds; objects that are the same stay."""
        wanted = tree(self.folder / "corpus")
        found = self.service.objects(self.prefix)
        for key in found.keys() - wanted.keys():
            self.service.delete(self.prefix + key)
        for key, content in wanted.items():
            if found.get(key) != content:
                self.service.put(self.prefix + key, content)

    def build_uploaded(self) -> BuildSummary:
        self.upload()
        return self.build()

    def build_from_folder(self) -> dict[str, bytes]:
        """Builds the same from the folder, with output and state of its own, and returns its documents."""
        other = self.folder.parent / f"{self.folder.name}-folder"
        other.mkdir(exist_ok=True)
        if not (other / "corpus").exists():
            os.symlink(self.folder / "corpus", other / "corpus")
        settings = {name: value for name, value in self.settings.items() if name not in {"bucket", "output"}}
        settings["corpus"] = [{**settings["corpus"][0], "path": "corpus"}]
        if isinstance(settings.get("executor"), dict):
            del settings["executor"]
        (other / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        build(config.load(str(other / "config.yaml")), self.now, allow_shrink=True)
        return tree(other / "feeds")
