"""The output as a bucket, and the caches to purge, as config.yaml states them."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate.config import Config, parse
from syndicate.config.bucket import is_bucket, parse_bucket_url
from syndicate.errors import ConfigError

HEAD = """\
site: {url: https://feeds.example/, id: "feeds.example,2026", title: T}
corpus: [{path: corpus}]
"""


@pytest.fixture(autouse=True)
def _corpus(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()


def read(tmp_path: Path, text: str) -> Config:
    return parse(HEAD + text, str(tmp_path / "config.yaml"))


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("s3://feeds-example/news/", "s3://feeds-example/news/"),
        ("s3://feeds-example/news", "s3://feeds-example/news/"),
        ("s3://feeds-example", "s3://feeds-example/"),
        ("gs://feeds.example.org/a/b", "gs://feeds.example.org/a/b/"),
        ("az://container/x", "az://container/x/"),
    ],
)
def test_bucket_is_an_output(tmp_path: Path, output: str, expected: str) -> None:
    config = read(tmp_path, f"output: {output}\n")
    assert config.output == expected
    assert is_bucket(config.output)
    assert str(parse_bucket_url(config.output)) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [("file:///srv/feeds", "/srv/feeds"), ("file://localhost/srv/a%20b", "/srv/a b"), ("/srv/feeds", "/srv/feeds")],
)
def test_file_address_is_a_folder(tmp_path: Path, output: str, expected: str) -> None:
    assert read(tmp_path, f"output: {output}\n").output == expected


def test_relative_output_is_below_the_configuration(tmp_path: Path) -> None:
    assert read(tmp_path, "output: out\n").output == str(tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("output: s3://key:hidden@feeds/news\n", "output", "without credentials"),
        ("output: s3://feeds/news?versionId=hidden\n", "output", "without credentials"),
        ("output: s3://\n", "output", "expected a bucket"),
        ("output: s3://feeds/a/../b\n", "output", "a folder of the bucket"),
        ("output: s3://feeds/a//b\n", "output", "a folder of the bucket"),
        ("output: ftp://feeds/a\n", "output", "begins with s3://"),
        ("output: file://elsewhere/a\n", "output", "expected a folder"),
        ("output: s3://feeds/a\nprecompress: true\n", "precompress", "a bucket does not choose"),
        ("bucket: {endpoint: 'http://127.0.0.1:8333'}\n", "bucket.endpoint", "is not encrypted"),
        ("bucket: {endpoint: 'https://me:hidden@s3.example'}\n", "bucket.endpoint", "user information"),
        ("bucket: {url: feeds}\n", "bucket.url", "expected a bucket"),
        ("bucket: {concurrency: 0}\n", "bucket.concurrency", "expected at least 1"),
        ("cdn: {kind: akamai}\n", "cdn[0].kind", "expected cloudflare"),
        ("cdn: {kind: cloudflare, token_env: T}\n", "cdn[0].zone", "is required for cloudflare"),
        ("cdn: {kind: cloudflare, zone: a/b, token_env: T}\n", "cdn[0].zone", "expected letters"),
        ("cdn: {kind: fastly, service: s, token_env: hidden-1}\n", "cdn[0].token_env", "expected the name"),
        ("cdn: {kind: fastly, service: s, zone: z, token_env: T}\n", "cdn[0].zone", "is for cloudflare only"),
        ("cdn: {kind: cloudfront}\n", "cdn[0].distribution", "is required"),
        ("cdn: {kind: varnish}\n", "cdn[0].url", "is required"),
        ("cdn: {kind: webhook, url: 'https://x.example/'}\n", "cdn[0].token_env", "is required"),
        (
            "cdn: [{kind: cloudfront, distribution: A}, {kind: cloudfront, distribution: A}]\n",
            "cdn[1].kind",
            "configured twice",
        ),
    ],
)
def test_faults_are_named_without_secrets(tmp_path: Path, text: str, field: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text)
    problem, *_ = raised.value.problems
    assert problem.field == field
    assert message in problem.message
    assert problem.line >= 3
    assert "hidden" not in str(raised.value)


def test_caches_have_the_defaults_of_their_kind(tmp_path: Path) -> None:
    caches = read(
        tmp_path,
        "cdn:\n- {kind: fastly, service: s, token_env: T}\n- {kind: varnish, url: 'http://127.0.0.1:6081/'}\n"
        "- {kind: none}\n",
    ).cdns
    assert [(cdn.kind, cdn.by) for cdn in caches] == [("fastly", "tag"), ("varnish", "url")]
    assert [cdn.target for cdn in caches] == ["cdn:fastly:s", "cdn:varnish:http://127.0.0.1:6081/"]


def test_corpus_may_be_in_a_bucket_that_needs_no_connection_to_be_read_about(tmp_path: Path) -> None:
    text = HEAD.replace("{path: corpus}", "{path: corpus}, {path: 's3://feeds/a/posts', kind: hugo}")
    config = parse(text + "bucket: {region: eu-west-3}\n", str(tmp_path / "config.yaml"))
    folder, bucket = config.sources
    assert (bucket.root, bucket.path, bucket.prefix) == ("s3://feeds/a/posts/", "s3://feeds/a/posts/", "/posts/")
    assert (bucket.bucket.region, folder.bucket.region) == ("eu-west-3", "")
    assert bucket.kind == "hugo"


@pytest.mark.parametrize(
    ("path", "output", "fault"),
    [
        ("s3://key:hidden@feeds/posts", "feeds", "corpus[0].path: expected a bucket"),
        ("s3://feeds/a/posts", "s3://feeds/a", "output: holds the corpus"),
    ],
)
def test_faults_of_a_corpus_in_a_bucket_are_named(tmp_path: Path, path: str, output: str, fault: str) -> None:
    text = HEAD.replace("path: corpus", f"path: '{path}'") + f"output: '{output}'\n"
    with pytest.raises(ConfigError) as raised:
        parse(text, str(tmp_path / "config.yaml"))
    assert fault in str(raised.value)
    assert "hidden" not in str(raised.value)
