"""The output of `syndicate headers`, as text and in the real servers."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from support.editable_sites import EditableSite
from support.running import age
from support.serving import fetch, serving
from support.sites import run
from support.web_servers import SERVERS, free_port, program

SAME = (
    "content-type", "content-encoding", "link", "cache-control", "last-modified", "x-content-type-options",
    "access-control-allow-origin", "access-control-expose-headers",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["nginx", "caddy", "apache", "netlify"])
def test_server_config_has_types_hubs_cache_times_and_redirects(kind: str, site: EditableSite) -> None:
    site.settings["topics"] = {"One": {"slug": "first", "moved_from": ["one"]}}
    site.build()
    done = run("headers", kind, cwd=site.folder)
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("application/rss+xml", "text/x-opml", "application/feed+json", "https://hub.example/", "max-age=300",
                 "https://f.example", "nosniff", "/news/topics/first"):  # fmt: skip
        assert part in done.stdout, part


def test_unknown_kind_of_server_is_a_usage_error(site: EditableSite) -> None:
    assert run("headers", "iis", cwd=site.folder).returncode == 2


def at_port(kind: str, server_config: str, port: int) -> str:
    """Returns the configuration of a server that listens on a port of 127.0.0.1, without TLS."""
    if kind == "nginx":
        return server_config.replace("listen 80;", f"listen 127.0.0.1:{port};")
    if kind == "apache":
        return server_config.replace("<VirtualHost *:80>", f"<VirtualHost *:{port}>")
    assert "\nf.example {\n" in server_config
    return server_config.replace("\nf.example {\n", f"\nhttp://127.0.0.1:{port} {{\n")


def with_certificate(kind: str, server_config: str, port: int, folder: Path) -> str:
    """Returns the configuration with what it says on TLS, for a certificate of our own and a port of 127.0.0.1."""
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(
        [program("openssl"), "req", *options, "-subj", "/CN=f.example", "-addext", "subjectAltName=DNS:f.example",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    uncommented = re.sub(r"^(\s*)#\s*(listen 443|ssl_|SSL|tls )", r"\1\2", server_config, flags=re.MULTILINE)
    uncommented = uncommented.replace("/etc/letsencrypt/live/f.example/", f"{folder}/")
    if kind == "caddy":
        return uncommented.replace("\nf.example {\n", f"\nhttps://f.example:{port} {{\n")
    if kind == "apache":
        return uncommented.replace("<VirtualHost *:80>", f"<VirtualHost *:{port}>")
    return uncommented.replace("listen 80;\n", "").replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")


class Hosted(NamedTuple):
    """A site and the URL where another server has it."""

    kind: str
    site: EditableSite
    url: str


@pytest.fixture(params=[(kind, prefix) for kind in SERVERS for prefix in ("/news/", "/")], ids="{0[0]}{0[1]}".format)
def hosted(request: pytest.FixtureRequest, site: EditableSite, open_folder: Path) -> Iterator[Hosted]:
    """A site that a server serves with the output of `syndicate headers`."""
    kind, prefix = request.param
    port = free_port()
    site.settings["site"]["url"] = f"https://f.example{prefix}"
    site.settings["serve"] = {"port": free_port()}
    site.settings["topics"] = {"One": {"slug": "first", "moved_from": ["one"]}}
    site.settings["api"] = {"public": True}
    site.record("old.md", title="Old", topics=["One", "Überblick"], date="2024-01-05")
    site.build()
    server_config = run("headers", kind, cwd=site.folder).stdout
    with SERVERS[kind](open_folder, at_port(kind, server_config, port), port):
        yield Hosted(kind, site, f"http://127.0.0.1:{port}{prefix}")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter: Apache gives up the rights of root, and pytest's folders are its user's."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def site(site: EditableSite, open_folder: Path) -> EditableSite:
    moved = EditableSite(open_folder / "site")
    moved.settings = site.settings
    shutil.copytree(site.folder / "corpus", moved.folder / "corpus", dirs_exist_ok=True)
    return moved


def test_server_sends_the_header_fields_of_serve(hosted: Hosted) -> None:
    _, site, url = hosted
    age(site)
    own = f"{site.settings['site']['url']}"
    with serving(site) as (_, port):
        ours = f"http://127.0.0.1:{port}{url[url.index('/', 8) :]}"
        paths = "all/feed.rss all/feed.atom all/feed.json all/archive/2024-01/feed.rss feeds.opml feeds.css".split()
        paths += ["catalog.json", "index.html", "", "topics/first/", "topics/%C3%BCberblick/feed.json"]
        for path in paths:
            for encoding in ("identity", "gzip"):
                status, theirs, body = fetch(url + path, Accept_Encoding=encoding)
                expected = fetch(ours + path, Accept_Encoding=encoding)
                assert (status, body) == (200, expected[2]), path
                for name in SAME:
                    assert theirs.get(name) == expected[1].get(name), (path, name)
                assert ("content-security-policy" in theirs) == ("content-security-policy" in expected[1])
                assert fetch(url + path, Accept_Encoding=encoding, If_None_Match=theirs["etag"])[0] == 304
                assert fetch(url + path, Accept_Encoding=encoding, If_Modified_Since=theirs["last-modified"])[0] == 304
    links = fetch(f"{url}all/feed.json")[1]["link"]
    assert (
        links
        == f'<https://hub.example/>; rel="hub", <https://two.example/>; rel="hub", <{own}all/feed.json>; rel="self"'
    )


def test_server_hides_unpublished_files_and_redirects_moved_folders(hosted: Hosted) -> None:
    kind, site, url = hosted
    (site.output / "all/feed.rss.syndicate-new").write_text("not published")
    hidden = [".syndicate-output", "all/feed.rss.syndicate-new", "../config.yaml", "all/feed.rss%0d%0aX:y"]
    if kind != "caddy":  # which has no way to refuse links
        os.symlink(site.folder / "config.yaml", site.output / "link.json")
        hidden.append("link.json")
    for path in hidden:
        assert fetch(url + path)[0] in {400, 403, 404}, path
    assert fetch(f"{url}topics/one/feed.rss")[2] == (site.output / "topics/first/feed.rss").read_bytes()
    missing = fetch(f"{url}nothing")
    assert (missing[0], missing[1]["access-control-allow-origin"]) == (404, "*")


def test_server_passes_requests_of_the_api_on(hosted: Hosted) -> None:
    _, site, url = hosted
    with serving(site, "--port", str(site.settings["serve"]["port"])):
        status, fields, body = fetch(f"{url}api/v1/entries?limit=2&topic=One")
        assert (status, fields["content-type"].partition(";")[0]) == (200, "application/feed+json")
        assert len(json.loads(body)["items"]) == 2
        assert fields["cache-control"].count("max-age") <= 1
        assert fetch(f"{url}api/v1/entries?limit=2&topic=One", If_None_Match=fields["etag"])[0] == 304
        assert fetch(f"{url}api/v1/entries?no=1")[0] == 400


@pytest.mark.parametrize("kind", SERVERS)
def test_tls_is_where_the_comments_put_it(kind: str, site: EditableSite, open_folder: Path) -> None:
    site.build()
    port = free_port()
    server_config = run("headers", kind, cwd=site.folder).stdout
    with SERVERS[kind](open_folder, with_certificate(kind, server_config, port, open_folder), port):
        context = ssl.create_default_context(cafile=str(open_folder / "fullchain.pem"))
        with (
            socket.create_connection(("127.0.0.1", port), 10) as connection,
            context.wrap_socket(connection, server_hostname="f.example") as secured,
        ):
            secured.sendall(b"GET /news/all/feed.atom HTTP/1.1\r\nHost: f.example\r\nConnection: close\r\n\r\n")
            received = b"".join(iter(lambda: secured.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"\r\n\r\n<?xml " in received


def test_configuration_without_the_api_passes_nothing_on(site: EditableSite) -> None:
    site.build()
    for kind in SERVERS:
        assert "/api/v1" not in run("headers", kind, cwd=site.folder).stdout


@pytest.mark.parametrize("kind", ["nginx", "caddy", "apache", "netlify"])
@pytest.mark.parametrize("sign", ["$uri", "{http.request.uri}", '"', "`", "\\"])
def test_value_that_another_server_would_replace_is_refused(kind: str, sign: str, site: EditableSite) -> None:
    """An address is percent-encoded when the configuration is read, but for the dollar sign; a folder may have any."""
    site.settings["hubs"] = [f"https://hub.example/{sign}"]
    site.settings["output"] = f"feeds{sign}" if sign != "$uri" else "feeds"
    site.configure()
    done = run("headers", kind, cwd=site.folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert f" cannot be written for {kind}: it has " in done.stderr


def test_percent_signs_of_hubs_are_no_formats_of_apache(site: EditableSite) -> None:
    site.settings["hubs"] = ["https://hub.example/%7Ba%7D"]
    site.configure()
    assert '<https://hub.example/%%7Ba%%7D>; rel=\\"hub\\"' in run("headers", "apache", cwd=site.folder).stdout
