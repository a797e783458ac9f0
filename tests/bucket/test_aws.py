"""AWS: credentials from a profile, and invalidations of CloudFront with a real signature."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from botocore.session import get_session
from support.bucket_sites import BucketSite
from support.object_services import ACCESS_KEY, SECRET_KEY, ObjectService
from support.sites import run

from syndicate.errors import OutputError

pytestmark = pytest.mark.bucket
PROFILES = """\
[default]
aws_access_key_id = of-somebody-else
aws_secret_access_key = not-this-one

[feeds]
aws_access_key_id = {key}
aws_secret_access_key = {secret}
"""


@pytest.fixture
def site(seaweedfs: ObjectService, prefix: str, tmp_path: Path) -> BucketSite:
    site = BucketSite(tmp_path / "site", seaweedfs, prefix)
    site.record("a.md", title="A")
    return site


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of credentials with the profile `feeds`, and an environment without keys."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    path = tmp_path / "credentials"
    path.write_text(PROFILES.format(key=ACCESS_KEY, secret=SECRET_KEY))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return path


@pytest.mark.usefixtures("profiles")
def test_credentials_of_a_profile_are_used(site: BucketSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "feeds")
    site.build_bucket()
    assert site.documents() == site.build_folder()


@pytest.mark.usefixtures("profiles")
def test_credentials_of_the_default_profile_are_used_without_a_name(site: BucketSite) -> None:
    with pytest.raises(OutputError, match="InvalidAccessKeyId") as refused:
        site.build_bucket()
    assert "not-this-one" not in str(refused.value)


@pytest.mark.usefixtures("profiles")
def test_keys_of_the_environment_go_before_a_profile(site: BucketSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "default")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    site.build_bucket()
    assert site.documents() == site.build_folder()


@pytest.mark.usefixtures("profiles")
def test_profile_that_does_not_exist_is_one_line(site: BucketSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "fedes")
    with pytest.raises(OutputError, match=r"\(fedes\) could not be found") as refused:
        site.build_bucket()
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("profiles")
def test_profile_without_botocore_names_what_to_install(site: BucketSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "botocore.session", None)
    monkeypatch.setenv("AWS_PROFILE", "feeds")
    with pytest.raises(OutputError, match=r"pip install 'syndicate-feeds\[aws\]'"):
        site.build_bucket()
    assert importlib.util.find_spec("botocore") is not None


def test_changed_documents_are_invalidated_in_cloudfront(moto: ObjectService, prefix: str, tmp_path: Path) -> None:
    cloudfront = get_session().create_client("cloudfront", "us-east-1", endpoint_url=moto.endpoint)
    distribution = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "1", "Comment": "", "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{
                "Id": "feeds", "DomainName": "feeds.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""},
            }]},
            "DefaultCacheBehavior": {"TargetOriginId": "feeds", "ViewerProtocolPolicy": "allow-all"},
        }
    )["Distribution"]["Id"]  # fmt: skip
    site = BucketSite(tmp_path / "site", moto, prefix)
    site.settings["hubs"] = []
    site.settings["cdn"] = {"kind": "cloudfront", "distribution": distribution, "url": moto.endpoint}
    site.record("a.md", title="A", topics=["One"])
    site.build_bucket()
    result = run("push", "-c", str(site.configure()), cwd=site.folder)
    assert result.returncode == 0, result.stderr
    site.record("a.md", title="A changed", topics=["One"])
    site.build_bucket()
    result = run("push", "-c", str(site.configure()), cwd=site.folder)
    assert result.returncode == 0, result.stderr
    summaries = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"]["Items"]
    paths = [
        path
        for summary in summaries
        for path in cloudfront.get_invalidation(DistributionId=distribution, Id=summary["Id"])["Invalidation"][
            "InvalidationBatch"
        ]["Paths"]["Items"]
    ]
    assert "/all/feed.atom" in paths
    assert "/topics/one/feed.atom" in paths
