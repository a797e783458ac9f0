"""Configurations for CDNs: the function runs in Node, rules and VCL hold what `serve` sends."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from syndicate.serve.edge_config import EdgeSettings, cloudflare, cloudfront, fastly
from syndicate.serve.headers import PAGE_POLICY

HUB = '<https://hub.example/>; rel="hub", '
SETTINGS = EdgeSettings(
    origin="https://feeds.example",
    prefix="/news/",
    hubs=HUB,
    max_age_s=300,
    moved=[("topics/old", "topics/new")],
    removed=["topics/gone/feed.rss"],
)


def _handle(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("requires Node.js")
    program = f"{cloudfront(SETTINGS)}\nconsole.log(JSON.stringify({json.dumps(events)}.map(handler)));"
    result = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(result.stdout)
    return answers


def test_cloudfront_function_redirects_and_knows_what_is_gone() -> None:
    paths = [
        "/news/topics/old/feed.rss", "/news/topics/older/feed.rss", "/news/topics/gone/feed.rss", "/news/",
        "/news/all/feed.rss",
    ]  # fmt: skip
    events = [{"context": {"eventType": "viewer-request"}, "request": {"uri": path, "headers": {}}} for path in paths]
    moved, older, gone, index, plain = _handle(events)
    assert (moved["statusCode"], moved["headers"]["location"]["value"]) == (301, "/news/topics/new/feed.rss")
    assert older["uri"] == "/news/topics/older/feed.rss"
    assert gone["statusCode"] == 410
    assert index["uri"] == "/news/index.html"
    assert plain["uri"] == "/news/all/feed.rss"


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/news/all/feed.json", f'{HUB}<https://feeds.example/news/all/feed.json>; rel="self"'),
        (
            "/news/topics/a/archive/2026-01/feed.rss",
            '<https://feeds.example/news/topics/a/archive/2026-01/feed.rss>; rel="self"',
        ),
        ("/news/catalog.json", None),
        ("/elsewhere/feed.rss", None),
        ("/news/all/index.html", None),
    ],
)
def test_cloudfront_function_adds_headers(path: str, link: str | None) -> None:
    event = {
        "context": {"eventType": "viewer-response"},
        "request": {"uri": path},
        "response": {"headers": {"cache-control": {"value": "public, max-age=300"}}},
    }
    (answer,) = _handle([event])
    headers = {name: field["value"] for name, field in answer["headers"].items()}
    assert headers.get("link") == link
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "public, max-age=300"
    assert headers.get("content-security-policy") == (PAGE_POLICY if path.endswith(".html") else None)


def test_cloudflare_pages_have_rules_within_its_limits() -> None:
    lines = cloudflare(SETTINGS).splitlines()
    rules = [line for line in lines if line.startswith("/")]
    assert len(rules) <= 100
    assert all(len(line) <= 2000 for line in lines if not line.startswith("#"))
    at = lines.index("/news/:dimension/:feed/feed.json")
    assert lines[at + 1] == f'  Link: {HUB}<https://feeds.example/news/:dimension/:feed/feed.json>; rel="self"'
    at = lines.index("/news/:dimension/archive/:period/feed.atom")
    assert lines[at + 1].startswith("  Link: <https://feeds.example/news/:dimension/archive/:period/feed.atom>")
    assert "# /news/topics/old/* /news/topics/new/:splat 301" in lines


def test_cloudflare_rules_are_those_of_its_interface() -> None:
    rules = [json.loads(line[2:]) for line in cloudflare(SETTINGS).splitlines() if line.startswith("# {")]
    assert {rule["action"] for rule in rules} == {"rewrite"}
    newest = rules[1]
    assert 'ends_with(http.request.uri.path, "/feed.json")' in newest["expression"]
    assert newest["expression"].endswith('and not http.request.uri.path contains "/archive/"')
    link = newest["action_parameters"]["headers"]["Link"]
    assert link["operation"] == "set"
    assert link["expression"].startswith('concat("<https://hub.example/>; rel=\\"hub\\", <https://feeds.example", ')


def test_fastly_snippets_state_what_serve_sends() -> None:
    text = fastly(SETTINGS)
    assert 'regsub(req.url.path, "^/news/topics/old", "/news/topics/new")' in text
    assert 'if (req.url.path == "/news/topics/gone/feed.rss") {\n  error 810;' in text
    assert 'set resp.http.Link = {"<https://hub.example/>; rel="hub", <https://feeds.example"} req.url.path' in text
    assert "set beresp.http.Surrogate-Key = beresp.http.x-amz-meta-surrogate-key;" in text
    assert text.count("{") == text.count("}")
