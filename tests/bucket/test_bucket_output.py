"""A bucket as an output: the contract on real services, headers, order, deletions, the lock, faults."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from outputs.contract import OWNER, SITE_URL, USER_PATHS, Backend, OutputContract, document, feed, published, put, stage
from support.azure_service import AzureService
from support.google_service import GoogleService
from support.object_services import BUCKET, ObjectService

from syndicate.config import BucketOptions
from syndicate.config.bucket import parse_bucket_url
from syndicate.errors import LockedError, OutputError
from syndicate.object_storage import ObjectStorage
from syndicate.outputs.base import Output
from syndicate.outputs.bucket import BucketOutput, Ownership
from syndicate.outputs.object_headers import HeaderPolicy
from syndicate.outputs.paths import DELETIONS, LOCK, MARKER
from syndicate.outputs.publish_lock import PublishLock
from syndicate.outputs.spool import Spool

pytestmark = pytest.mark.bucket
POLICY = HeaderPolicy()


class Bucket:
    """A prefix of a real service as the backend of the contract."""

    def __init__(self, service: ObjectService, prefix: str, folder: Path) -> None:
        self.service = service
        self.prefix = prefix
        self._folder = folder
        self._spools = 0

    def open(
        self,
        owner: str = OWNER,
        *,
        holder: str = "here",
        delete_after_s: int = 0,
        policy: HeaderPolicy = POLICY,
        renew_s: float = 20.0,
        lease_s: float = 120.0,
    ) -> BucketOutput:
        self._spools += 1
        options = BucketOptions(endpoint=self.service.endpoint, allow_http=True)
        objects = ObjectStorage(parse_bucket_url(f"{self.service.scheme}://{BUCKET}/{self.prefix}"), options)
        return BucketOutput(
            objects,
            Ownership(owner, SITE_URL),
            policy,
            Spool(str(self._folder / f"spool{self._spools}")),
            PublishLock(objects, holder, lease_s, renew_s),
            delete_after_s,
        )

    def write(self, path: str, content: bytes) -> None:
        self.service.put(self.prefix + path, content)

    def delete(self, path: str) -> None:
        self.service.delete(self.prefix + path)

    def files(self) -> dict[str, bytes]:
        found = self.service.objects(self.prefix)
        return {path: content for path, content in found.items() if path not in {LOCK, DELETIONS}}

    def headers(self, path: str) -> dict[str, str]:
        return self.service.request("HEAD", self.prefix + path).headers


class TestSeaweedFs(OutputContract):
    refused_names = ("topics/a/\nfeed.rss",)

    @pytest.fixture
    def backend(self, seaweedfs: ObjectService, prefix: str, tmp_path: Path) -> Bucket:
        return Bucket(seaweedfs, prefix, tmp_path)


class TestMoto(OutputContract):
    @pytest.fixture
    def backend(self, moto: ObjectService, prefix: str, tmp_path: Path) -> Bucket:
        return Bucket(moto, prefix, tmp_path)

    @pytest.mark.parametrize("path", [path for path in USER_PATHS if path.isprintable()])  # moto takes no others
    def test_file_at_a_path_of_the_users_own_is_no_stray(self, path: str, backend: Backend, output: Output) -> None:
        super().test_file_at_a_path_of_the_users_own_is_no_stray(path, backend, output)


class TestAzurite(OutputContract):
    @pytest.fixture
    def backend(self, azurite: AzureService, prefix: str, tmp_path: Path) -> Bucket:
        return Bucket(azurite, prefix, tmp_path)

    @pytest.mark.parametrize("path", [path for path in USER_PATHS if path.isprintable()])  # Azure takes no others
    def test_file_at_a_path_of_the_users_own_is_no_stray(self, path: str, backend: Backend, output: Output) -> None:
        super().test_file_at_a_path_of_the_users_own_is_no_stray(path, backend, output)


class TestGoogleStub(OutputContract):
    @pytest.fixture
    def backend(self, gcs: GoogleService, prefix: str, tmp_path: Path) -> Bucket:
        return Bucket(gcs, prefix, tmp_path)

    @pytest.mark.parametrize("path", [path for path in USER_PATHS if path.isprintable()])  # Google takes no others
    def test_file_at_a_path_of_the_users_own_is_no_stray(self, path: str, backend: Backend, output: Output) -> None:
        super().test_file_at_a_path_of_the_users_own_is_no_stray(path, backend, output)


@pytest.fixture
def bucket(seaweedfs: ObjectService, prefix: str, tmp_path: Path) -> Bucket:
    return Bucket(seaweedfs, prefix, tmp_path)


# ---------------------------------------------------------------------------------------------------------- claiming


def test_folder_that_a_console_made_is_empty(moto: ObjectService, prefix: str, tmp_path: Path) -> None:
    bucket = Bucket(moto, prefix, tmp_path)
    bucket.write("", b"")
    bucket.open().claim()
    assert MARKER in bucket.files()


def test_of_two_sites_that_claim_at_once_one_wins(bucket: Bucket) -> None:
    first, second = bucket.open(), bucket.open("other.test,2026")
    with ThreadPoolExecutor(2) as threads:
        claims = [threads.submit(output.claim) for output in (first, second)]
    errors = [claim.exception() for claim in claims]
    (error,) = [error for error in errors if error is not None]
    assert "belongs to the site" in str(error) or "holds files" in str(error)
    owner = OWNER if errors[0] is None else "other.test,2026"
    assert bucket.files() == {MARKER: f"{owner}\n".encode()}


def test_bucket_that_does_not_exist_is_named(seaweedfs: ObjectService, tmp_path: Path) -> None:
    options = BucketOptions(endpoint=seaweedfs.endpoint, allow_http=True)
    objects = ObjectStorage(parse_bucket_url("s3://no-such-bucket/news"), options)
    spool, lock = Spool(str(tmp_path / "spool")), PublishLock(objects, "here")
    output = BucketOutput(objects, Ownership(OWNER, SITE_URL), HeaderPolicy(), spool, lock)
    with pytest.raises(OutputError, match=r"^s3://no-such-bucket/news/[^\n]*$") as raised:
        output.claim()
    assert "bucket does not exist" in str(raised.value)


def test_wrong_credentials_are_one_line_without_them(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    with pytest.raises(OutputError, match=r"SignatureDoesNotMatch|AccessDenied") as raised:
        bucket.open().claim()
    assert "\n" not in str(raised.value)
    assert "another-secret" not in str(raised.value)


# ------------------------------------------------------------------------------------------------- headers and bytes


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("all/feed.rss", "application/rss+xml; charset=utf-8"),
        ("all/feed.atom", "application/atom+xml; charset=utf-8"),
        ("all/feed.json", "application/feed+json"),
        ("catalog.json", "application/json"),
        ("feeds.opml", "text/x-opml; charset=utf-8"),
        ("feeds.css", "text/css; charset=utf-8"),
        ("topics/a/index.html", "text/html; charset=utf-8"),
        ("topics/a/archive/2026-01/feed.rss", "application/rss+xml; charset=utf-8"),
    ],
)
def test_objects_have_the_headers_of_serve(path: str, content_type: str, bucket: Bucket) -> None:
    output = bucket.open(policy=HeaderPolicy(300, 86400, has_tags=True))
    output.claim()
    output.stage([document(path)])
    is_archive = "/archive/" in path
    assert output.drop_unchanged({path} if is_archive else ()) == {}
    output.publish()
    headers = bucket.headers(path)
    assert headers["content-type"] == content_type
    assert headers["cache-control"] == f"public, max-age={86400 if is_archive else 300}"
    tag = "topics/a" if is_archive else path.rpartition("/")[0]
    assert headers["x-amz-meta-surrogate-key"] == headers["x-amz-meta-cache-tag"] == (tag or "site")
    assert headers["x-amz-meta-cache-groups"] == f'"{tag or "site"}"'


def test_changed_headers_are_sent_without_changed_bytes(bucket: Bucket) -> None:
    output = bucket.open()
    output.claim()
    put(output, document("all/feed.rss"))
    assert list(put(bucket.open(policy=HeaderPolicy(60, 86400)), document("all/feed.rss"))) == ["all/feed.rss"]
    assert bucket.headers("all/feed.rss")["cache-control"] == "public, max-age=60"


def test_large_document_is_sent_in_parts_and_found_unchanged(bucket: Bucket) -> None:
    output = bucket.open()
    output.claim()
    large = document("all/feed.rss", "x" * (20 * 1024 * 1024))
    versions = put(output, large)
    assert versions["all/feed.rss"].endswith("-3")  # the ETag of an object in three parts
    assert hashlib.sha256(bucket.files()["all/feed.rss"]).digest() == hashlib.sha256(large.content).digest()
    assert put(bucket.open(), large) == {}
    assert list(bucket.open().altered(versions.items())) == []


def test_many_documents_are_compared_by_a_listing(bucket: Bucket) -> None:
    output = bucket.open()
    output.claim()
    documents = [document(f"topics/t{number}/feed.rss", f"entry {number}") for number in range(1100)]
    assert len(put(output, *documents)) == 1100
    documents[7] = document("topics/t7/feed.rss", "entry X")
    documents[8] = document("topics/t8/feed.rss", "longer than before")
    again = bucket.open()
    unchanged = stage(again, documents)
    assert [number for number, version in enumerate(unchanged) if version is None] == [7, 8]
    assert list(again.publish()) == ["topics/t7/feed.rss", "topics/t8/feed.rss"]


# ----------------------------------------------------------------------------------------------------------- removing


def test_removed_document_stays_until_caches_have_forgotten_it(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    output = bucket.open(delete_after_s=3600)
    output.claim()
    put(output, feed("topics/a/feed.rss"), feed("topics/b/feed.rss"), feed("topics/c/feed.rss"))
    output.remove(["topics/a/feed.rss", "topics/b/feed.rss"])
    assert output.sweep(lambda paths: []) == []
    assert {"topics/a/feed.rss", "topics/b/feed.rss"} <= bucket.files().keys()
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 1800)
    output.remove(["topics/c/feed.rss", "topics/a/feed.rss"])  # what waits already is not delayed
    monkeypatch.setattr("time.time", lambda: now + 3602)
    later = bucket.open(delete_after_s=3600)
    assert list(later.strays({"topics/b/feed.rss"})) == []  # they are known to be removed
    assert later.sweep(lambda paths: [path for path in paths if path == "topics/b/feed.rss"]) == ["topics/a/feed.rss"]
    assert published(bucket).keys() == {"topics/b/feed.rss", "topics/c/feed.rss"}
    monkeypatch.setattr("time.time", lambda: now + 9999)
    assert later.sweep(lambda paths: []) == ["topics/c/feed.rss"]
    assert published(bucket).keys() == {"topics/b/feed.rss"}


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{", b'{"topics/b/feed.rss": "soon"}', b'{".syndicate-output": 1}'])
def test_damaged_list_of_deletions_deletes_nothing(damaged: bytes, bucket: Bucket) -> None:
    output = bucket.open(delete_after_s=3600)
    output.claim()
    put(output, feed("topics/b/feed.rss"))
    bucket.write(DELETIONS, damaged)
    assert output.sweep(lambda paths: []) == []
    assert bucket.files().keys() == {MARKER, "topics/b/feed.rss"}
    assert list(output.strays(set())) == ["topics/b/feed.rss"]


# -------------------------------------------------------------------------------------------------------------- lock


def test_two_machines_do_not_publish_at_once(bucket: Bucket) -> None:
    here, there = bucket.open(holder="here-1"), bucket.open(holder="there-2")
    here.claim()
    stage(here, [document("all/feed.rss", "here")])
    with pytest.raises(LockedError, match="another machine publishes to it: here, active"):
        stage(there, [document("all/feed.rss", "there")])
    here.publish()
    here.release()
    put(there, document("all/feed.rss", "there"))
    there.release()
    assert published(bucket) == {"all/feed.rss": b"there"}


def test_of_many_machines_that_begin_at_once_one_publishes(bucket: Bucket) -> None:
    bucket.open().claim()
    outputs = [bucket.open(holder=f"machine-{number}") for number in range(8)]

    def begin(output: BucketOutput) -> bool:
        try:
            stage(output, [document("all/feed.rss")])
        except LockedError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(begin, outputs)) == 1


def test_lock_of_a_killed_run_of_the_same_state_is_taken_over_at_once(bucket: Bucket) -> None:
    output = bucket.open()
    output.claim()
    stage(output, [document("all/feed.rss", "never published")])
    put(bucket.open(), document("all/feed.rss", "complete"))
    assert published(bucket) == {"all/feed.rss": b"complete"}


def test_lock_of_a_dead_machine_expires_and_that_of_a_live_one_does_not(bucket: Bucket) -> None:
    dead = bucket.open(holder="dead-1", renew_s=1000)
    dead.claim()
    stage(dead, [document("all/feed.rss", "dead")])
    successor = bucket.open(holder="live-2", lease_s=0.0, renew_s=0.2)
    stage(successor, [document("all/feed.rss", "live")])
    another = bucket.open(holder="other-3", lease_s=0.0, renew_s=1.0)
    with pytest.raises(LockedError):  # the holder renews it while the other watches
        stage(another, [document("all/feed.rss", "other")])


def test_machine_that_was_suspended_publishes_nothing(bucket: Bucket) -> None:
    suspended = bucket.open(holder="slow-1", renew_s=1000, lease_s=0.05)
    suspended.claim()
    stage(suspended, [document("all/feed.rss", "late")])
    time.sleep(0.1)
    with pytest.raises(OutputError, match="lost the right to publish"):
        suspended.publish()
    assert published(bucket) == {}
