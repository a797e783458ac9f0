"""The requests that purge each kind of cache, as its vendor documents them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from xml.etree import ElementTree as ET

import pytest

from syndicate.cdn import kind_of
from syndicate.cdn.base import Purge, PurgeRequest
from syndicate.config import Cdn

SITE = "https://feeds.example/news/"
URLS = (f"{SITE}topics/a/feed.rss", f"{SITE}topics/a/archive/2026-01/feed.rss", f"{SITE}all/index.html")
TOKEN = "the-token"
CLOUDFRONT = "{http://cloudfront.amazonaws.com/doc/2020-05-31/}"


def requests(cdn: Cdn, urls: tuple[str, ...] = URLS) -> list[PurgeRequest]:
    return kind_of(cdn.kind).build(Purge(cdn, SITE, urls, TOKEN, 1790000000.5))


def test_cloudflare_purges_addresses() -> None:
    (request,) = requests(Cdn("cloudflare", zone="z1", by="url"))
    assert (request.method, request.url) == ("POST", "https://api.cloudflare.com/client/v4/zones/z1/purge_cache")
    assert dict(request.headers) == {"Authorization": "Bearer the-token", "Content-Type": "application/json"}
    assert json.loads(request.body) == {"files": [*URLS[:2], f"{SITE}all/", f"{SITE}all/index.html"]}


def test_cloudflare_purges_tags() -> None:
    (request,) = requests(Cdn("cloudflare", zone="z1", by="tag"))
    assert json.loads(request.body) == {"tags": ["topics/a", "all"]}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"success": true}', 200),
        (200, b'{"success": false, "errors": [{"code": 1}]}', 400),
        (200, b"<html>", 200),
        (429, b'{"success": false}', 429),
        (403, b"", 403),
    ],
)
def test_cloudflare_may_fail_with_200(status: int, body: bytes, expected: int) -> None:
    assert kind_of("cloudflare").status_of(status, body) == expected


def test_fastly_purges_keys_softly() -> None:
    (request,) = requests(Cdn("fastly", service="s1", by="tag"))
    assert (request.method, request.url) == ("POST", "https://api.fastly.com/service/s1/purge")
    assert dict(request.headers) == {
        "Fastly-Key": TOKEN,
        "Fastly-Soft-Purge": "1",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    assert json.loads(request.body) == {"surrogate_keys": ["topics/a", "all"]}


def test_fastly_purges_addresses_one_by_one() -> None:
    found = requests(Cdn("fastly", service="s1", by="url"), URLS[:2])
    assert [request.url for request in found] == [
        "https://api.fastly.com/purge/feeds.example/news/topics/a/feed.rss",
        "https://api.fastly.com/purge/feeds.example/news/topics/a/archive/2026-01/feed.rss",
    ]
    assert {request.method for request in found} == {"POST"}


@pytest.mark.parametrize(
    ("by", "items"),
    [
        (
            "url",
            [
                "/news/topics/a/feed.rss",
                "/news/topics/a/archive/2026-01/feed.rss",
                "/news/all/",
                "/news/all/index.html",
            ],
        ),
        ("tag", ["#topics/a", "#all"]),
    ],
)
def test_cloudfront_invalidates(by: str, items: list[str]) -> None:
    (request,) = requests(Cdn("cloudfront", distribution="E1", by=by))  # type: ignore[arg-type]
    assert request.url == "https://cloudfront.amazonaws.com/2020-05-31/distribution/E1/invalidation"
    root = ET.fromstring(request.body)
    assert root.tag == f"{CLOUDFRONT}InvalidationBatch"
    assert [path.text for path in root.iter(f"{CLOUDFRONT}Path")] == items
    assert root.findtext(f"{CLOUDFRONT}Paths/{CLOUDFRONT}Quantity") == str(len(items))
    assert root.findtext(f"{CLOUDFRONT}CallerReference")


def test_cloudfront_with_too_many_invalidations_asks_to_wait() -> None:
    status_of = kind_of("cloudfront").status_of
    assert status_of(400, b"<ErrorResponse><Error><Code>TooManyInvalidationsInProgress</Code></Error>") == 429
    assert status_of(400, b"<ErrorResponse><Error><Code>InvalidArgument</Code></Error>") == 400


def test_varnish_purges_addresses_of_the_site() -> None:
    found = requests(Cdn("varnish", url="http://127.0.0.1:6081/", by="url"), URLS[1:])
    assert [(request.method, request.url) for request in found] == [
        ("PURGE", "http://127.0.0.1:6081/news/topics/a/archive/2026-01/feed.rss"),
        ("PURGE", "http://127.0.0.1:6081/news/all/"),
        ("PURGE", "http://127.0.0.1:6081/news/all/index.html"),
    ]
    assert {request.headers for request in found} == {(("Host", "feeds.example"),)}


def test_varnish_purges_tags_with_xkey() -> None:
    (request,) = requests(Cdn("varnish", url="http://127.0.0.1:6081/", by="tag"))
    assert (request.method, request.url) == ("PURGE", "http://127.0.0.1:6081/")
    assert dict(request.headers) == {"Host": "feeds.example", "xkey-purge": "topics/a all"}


@pytest.mark.parametrize(
    ("secret", "key"),
    [("plain", b"plain"), (f"whsec_{base64.b64encode(b'k' * 24).decode()}", b"k" * 24), ("whsec_%", b"whsec_%")],
)
def test_webhook_is_signed(secret: str, key: bytes) -> None:
    purge = Purge(Cdn("webhook", url="https://hook.example/purge"), SITE, URLS, secret, 1790000000.5)
    (request,) = kind_of("webhook").build(purge)
    headers = dict(request.headers)
    assert (request.method, request.url) == ("POST", "https://hook.example/purge")
    content = json.loads(request.body)
    assert (content["type"], content["site"], content["tags"]) == ("purge", SITE, ["topics/a", "all"])
    assert content["urls"] == [*URLS[:2], f"{SITE}all/", f"{SITE}all/index.html"]
    assert headers["webhook-timestamp"] == "1790000000"
    signed = f"{headers['webhook-id']}.1790000000.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize(
    ("kind", "by", "most"),
    [
        ("cloudflare", "url", 100), ("cloudflare", "tag", 100), ("fastly", "tag", 256),
        ("cloudfront", "url", 3000), ("varnish", "url", 2),
    ],
)  # fmt: skip
def test_largest_batch_keeps_the_limits_of_the_vendor(kind: str, by: str, most: int) -> None:
    known = kind_of(kind)
    batch = known.batch_by_tag if by == "tag" else known.batch_by_url
    urls = tuple(f"{SITE}topics/t{number}/index.html" for number in range(batch))
    cdn = Cdn(kind, zone="z", service="s", distribution="d", url="https://x.example/", by=by)  # type: ignore[arg-type]
    purge = Purge(cdn, SITE, urls, TOKEN, 0.0)
    assert len(purge.tags if by == "tag" else purge.urls) <= most
