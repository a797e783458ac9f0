"""Whole builds to Azure (Azurite) and to a stub of Google Cloud Storage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.bucket_sites import BucketSite
from support.object_services import ObjectService

pytestmark = pytest.mark.bucket


@pytest.fixture(params=["azurite", "gcs"])
def site(request: pytest.FixtureRequest, prefix: str, tmp_path: Path) -> BucketSite:
    service: ObjectService = request.getfixturevalue(request.param)
    site = BucketSite(tmp_path / "site", service, prefix)
    site.settings["cdn"] = {"kind": "varnish", "url": "http://127.0.0.1:9/"}  # tags are metadata, too
    site.record("a.md", title="A", topics=["Überblick"])
    return site


def test_bucket_equals_a_folder_after_edits(site: BucketSite) -> None:
    site.build_bucket()
    site.record("b.md", title="B", topics=["Two"])
    site.build_bucket()
    site.record("a.md", title="A changed", topics=["Überblick"])
    site.build_bucket()
    assert site.documents() == site.build_folder()


def test_documents_are_recognised_by_a_new_state(site: BucketSite) -> None:
    site.build_bucket()
    shutil.rmtree(site.state)
    assert site.build_bucket().written == 0


def test_altered_document_is_mended(site: BucketSite) -> None:
    site.build_bucket()
    site.service.put(f"{site.prefix}all/feed.rss", b"altered")
    site.service.delete(f"{site.prefix}all/feed.atom")
    assert site.build_bucket(verify=True).written == 2
    assert site.build_bucket(verify=True).written == 0
    assert site.documents() == site.build_folder()


def test_documents_have_their_headers(site: BucketSite) -> None:
    site.build_bucket()
    headers = site.service.request("HEAD", f"{site.prefix}all/feed.rss").headers
    assert headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert headers["cache-control"] == "public, max-age=300"
