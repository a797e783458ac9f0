"""A ping to any hub ends in time, with an outcome, and does not reveal a secret."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from support.hubs import (
    RawResponder,
    RawServer,
    ReceivedRequest,
    Responder,
    drips,
    hangs,
    head,
    http_server,
    raw_server,
    refusing_url,
    resets_in_body,
    responds,
    sends_endlessly,
    sends_then_closes,
    stalls_in_body,
)

from syndicate import __version__
from syndicate.websub.client import AddressGuard, open_client, trusted_authorities
from syndicate.websub.ping import Endpoint, SecretHeader, parse_header, send_ping
from syndicate.websub.retry import Outcome, classify

TOPIC = "https://feeds.test/topics/r--d/feed.atom?a=1&b=%C3%A9"
BODY = (
    b"hub.mode=publish&hub.url=https%3A%2F%2Ffeeds.test%2Ftopics%2Fr--d%2Ffeed.atom%3Fa%3D1%26b%3D%25C3%25A9"
    b"&hub.topic=https%3A%2F%2Ffeeds.test%2Ftopics%2Fr--d%2Ffeed.atom%3Fa%3D1%26b%3D%25C3%25A9"
)
TOKEN = "s3cr3t-t0ken/+="
SECRET = SecretHeader("Authorization", f"Bearer {TOKEN}")


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_client(5.0, 4) as client:
        yield client


async def ping(client: aiohttp.ClientSession, url: str, secret: SecretHeader | None = None) -> Outcome:
    """Send a ping for one topic URL."""
    return await send_ping(client, Endpoint(url, secret), [TOPIC], 5.0)


async def impatient_ping(url: str, timeout_s: float = 0.3) -> Outcome:
    """Send a ping with a short timeout."""
    async with open_client(timeout_s, 4) as client:
        return await send_ping(client, Endpoint(url), [TOPIC], timeout_s)


# ---------------------------------------------------------------------------------------------------------- request


async def test_ping_is_a_form_with_the_topic_url_under_both_names(client: aiohttp.ClientSession) -> None:
    async with http_server() as hub:
        await ping(client, f"{hub.url}publish?key=%2F")
    (received,) = hub.received
    assert (received.method, received.path, received.body) == ("POST", "/publish?key=%2F", BODY)
    assert received.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert received.headers["User-Agent"] == f"syndicate/{__version__}"
    assert "Authorization" not in received.headers


# --------------------------------------------------------------------------------------------------------- response


@pytest.mark.parametrize(
    ("status", "text", "meaning"),
    [
        (200, "", "delivered"),
        (202, "", "delivered"),
        (204, "", "delivered"),
        (200, "error: feed has no hub links", "delivered"),
        (400, "hub.url is missing", "refused"),
        (403, "", "refused"),
        (404, "Topic not found", "refused"),
        (408, "", "retrying"),
        (429, "slow down", "retrying"),
        (500, "Topic not found", "retrying"),
        (503, "", "retrying"),
    ],
)
async def test_outcome_has_status_and_text_of_the_response(
    status: int, text: str, meaning: str, client: aiohttp.ClientSession
) -> None:
    async with http_server(responds(status, text)) as hub:
        outcome = await ping(client, hub.url)
    assert (outcome.status, outcome.error, outcome.retry_after_s) == (status, text, None)
    assert classify(outcome.status) == meaning
    assert 0 < outcome.duration_s < 5


@pytest.mark.parametrize("status", [503, 429])
async def test_retry_after_is_parsed_as_seconds_and_as_a_date(status: int, client: aiohttp.ClientSession) -> None:
    async with http_server(responds(status, Retry_After="120")) as hub:
        assert (await ping(client, hub.url)).retry_after_s == 120
        hub.responder = responds(status, Retry_After=formatdate(time.time() + 120, usegmt=True))
        assert (await ping(client, hub.url)).retry_after_s == pytest.approx(120, abs=5)
        hub.responder = responds(status, Retry_After="soon")
        assert (await ping(client, hub.url)).retry_after_s is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("two\nlines\t and\x1b[31m colour", "two lines and [31m colour"),
        ("x" * 300, "x" * 199 + "…"),
        ("\ufffe\x00", ""),
    ],
)
async def test_error_is_one_short_printable_line(text: str, error: str, client: aiohttp.ClientSession) -> None:
    async with http_server(responds(500, text)) as hub:
        assert (await ping(client, hub.url)).error == error


# -------------------------------------------------------------------------------------------------- misbehaving hubs


@pytest.mark.parametrize(
    ("responder", "prefix"),
    [
        (hangs, "timed out"),
        (sends_then_closes(b""), ""),
        (sends_then_closes(b"SSH-2.0-OpenSSH_9.6\r\n"), ""),
        (sends_then_closes(b"HTTP/1.1 999999 \r\n\r\n"), ""),
        (sends_then_closes(b"HTTP/1.1 202 Accepted\r\nX-Huge: " + b"x" * 200_000 + b"\r\n\r\n"), ""),
        (sends_then_closes(b"HTTP/1.1 202 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nnope"), ""),
    ],
    ids=["hang", "hang-up", "garbage", "no-status", "huge-header", "lengths"],
)
async def test_misbehaving_hub_is_an_outcome_without_status_and_is_retried(
    responder: RawResponder, prefix: str
) -> None:
    async with raw_server(responder) as hub:
        outcome = await impatient_ping(hub.url)
    assert outcome.status is None
    assert outcome.error.startswith(prefix)
    assert outcome.error
    assert len(outcome.error) <= 200
    assert classify(outcome.status) == "retrying"
    assert hub.requests == 1  # the client does not repeat a POST
    assert outcome.duration_s < 2


@pytest.mark.parametrize("status", [202, 404])
@pytest.mark.parametrize(
    "responder",
    [
        resets_in_body,
        drips,
        stalls_in_body,
        lambda status: sends_then_closes(head(status, "Content-Length: 100") + b"short"),
        lambda status: sends_then_closes(head(status, "Content-Encoding: gzip", "Content-Length: 4") + b"nope"),
        lambda status: sends_then_closes(head(status, "Content-Encoding: br", "Content-Length: 4") + b"nope"),
        lambda status: sends_then_closes(head(status, "Content-Type: text/plain; charset=none") + b"\xff\xfe\x00"),
    ],
    ids=["reset", "drip", "stall", "short", "gzip", "br", "charset"],
)
async def test_status_decides_whatever_the_body_is(responder: Callable[[int], RawResponder], status: int) -> None:
    async with raw_server(responder(status)) as hub, open_client(5.0, 4) as client:
        outcome = await ping(client, hub.url)
    assert outcome.status == status
    assert hub.requests == 1
    assert outcome.duration_s < 3


async def test_refused_connection_is_an_outcome_without_status() -> None:
    outcome = await impatient_ping(refusing_url(), 5.0)
    assert outcome.status is None
    assert "connect" in outcome.error.lower()


async def test_endless_body_is_not_read_beyond_its_beginning(client: aiohttp.ClientSession) -> None:
    servers: list[RawServer] = []
    async with raw_server(sends_endlessly(servers)) as hub:
        servers.append(hub)
        outcome = await ping(client, hub.url)
        assert outcome.status == 200
        assert outcome.error.startswith("word word ")
        assert outcome.duration_s < 2
        assert hub.sent_bytes < 16 * 2**20  # the contents of socket buffers


class Trusted(NamedTuple):
    """The TLS of a server whose certificate signs itself, and the file with which clients trust it."""

    server: ssl.SSLContext
    ca_file: Path


@pytest.fixture
def trusted(tmp_path: Path) -> Trusted:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("requires the openssl command to make a self-signed certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return Trusted(context, certificate)


async def test_untrusted_certificate_prevents_delivery(trusted: Trusted, client: aiohttp.ClientSession) -> None:
    async with http_server(tls=trusted.server) as hub:
        outcome = await ping(client, hub.url, SECRET)
    assert outcome.status is None
    assert "certificate" in outcome.error.lower()
    assert hub.received == []


async def test_hub_with_a_certificate_authority_of_its_own_is_trusted(
    trusted: Trusted, client: aiohttp.ClientSession
) -> None:
    async with http_server(tls=trusted.server) as hub:
        endpoint = Endpoint(hub.url, authorities=trusted_authorities(str(trusted.ca_file)))
        assert (await send_ping(client, endpoint, [TOPIC], 5.0)).status == 202
        assert (await ping(client, hub.url)).status is None  # it is trusted for its hub alone


async def test_hub_at_an_ipv6_address_is_pinged(client: aiohttp.ClientSession) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("requires IPv6")
    async with http_server(host="::1") as hub:
        assert hub.url.startswith("http://[::1]:")
        assert (await ping(client, hub.url)).status == 202


async def test_proxy_of_the_environment_takes_the_ping(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with http_server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert (await ping(client, "http://hub.test/publish")).status == 202
        (received,) = proxy.received
        assert (received.path, received.body) == ("http://hub.test/publish", BODY)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with http_server() as hub:
            assert (await ping(client, hub.url)).status == 202
        assert (len(proxy.received), len(hub.received)) == (1, 1)


async def test_several_topic_urls_are_repeated_fields(client: aiohttp.ClientSession) -> None:
    topics = [f"https://feeds.test/{number}" for number in range(3)]
    async with http_server() as hub:
        assert (await send_ping(client, Endpoint(hub.url), topics, 5.0)).status == 202
    (received,) = hub.received
    assert parse_qsl(received.body.decode()) == [("hub.mode", "publish"), *(("hub.url", topic) for topic in topics)]


# --------------------------------------------------------------------------------------------------------- redirects


def redirects_countdown(status: int) -> Responder:
    """Return a responder that redirects `/3` to `/2` and so on, and accepts at `/0`."""

    def respond(received: ReceivedRequest) -> web.Response:
        left = int(received.path.strip("/"))
        return web.Response(status=status, headers={"Location": f"/{left - 1}"}) if left else web.Response(status=202)

    return respond


FOLLOWED = pytest.mark.parametrize("status", [301, 302, 307, 308])


@FOLLOWED
async def test_five_redirects_are_followed_as_posts_with_the_body(status: int, client: aiohttp.ClientSession) -> None:
    async with http_server(redirects_countdown(status)) as hub:
        outcome = await ping(client, f"{hub.url}5")
    assert outcome.status == 202
    assert [(received.method, received.body) for received in hub.received] == [("POST", BODY)] * 6
    assert hub.received[-1].headers["Content-Type"] == "application/x-www-form-urlencoded"


@FOLLOWED
async def test_sixth_redirect_is_not_followed(status: int, client: aiohttp.ClientSession) -> None:
    async with http_server(redirects_countdown(status)) as hub:
        outcome = await ping(client, f"{hub.url}6")
    assert (outcome.status, outcome.error) == (status, "more than 5 redirects, the last to /0")
    assert len(hub.received) == 6


@pytest.mark.parametrize("status", [300, 303, 304, 305])
async def test_redirect_that_asks_for_no_post_is_refused_with_its_location(
    status: int, client: aiohttp.ClientSession
) -> None:
    async with http_server(redirects_countdown(status)) as hub:
        outcome = await ping(client, f"{hub.url}3")
    assert (outcome.status, outcome.error) == (status, "redirects to /2, which is no address for pings")
    assert classify(outcome.status) == "refused"
    assert [received.method for received in hub.received] == ["POST"]


@FOLLOWED
async def test_redirect_to_another_host_is_refused_with_its_location(
    status: int, client: aiohttp.ClientSession
) -> None:
    """Another loopback address, which the hub could not reach by itself."""
    async with http_server() as other, http_server() as hub:
        target = other.url.replace("127.0.0.1", "localhost")
        hub.responder = responds(status, Location=target)
        outcome = await ping(client, hub.url)
    assert (outcome.status, outcome.error) == (status, f"redirects to {target}, which is another host")
    assert other.received == []


class Names(AbstractResolver):
    """Resolves a name to the loopback address at one port, and to another address at the others."""

    def __init__(self, loopback_port: int, other: str) -> None:
        self.loopback_port, self.other = loopback_port, other

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = "127.0.0.1" if port == self.loopback_port else self.other
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("169.254.169.254", "link-local"),
        ("10.255.255.1", "private"),
        ("100.64.0.1", "private"),
        ("224.0.0.1", "multicast"),
        ("fe80::1", "link-local"),
        ("::ffff:10.255.255.1", "private"),
    ],
)
async def test_redirect_to_a_name_that_resolves_to_another_kind_of_address_is_refused(address: str, scope: str) -> None:
    async with http_server() as hub:
        location = "http://hub.test:6379/"
        hub.responder = responds(307, Location=location)
        async with open_client(5.0, 4, Names(hub.port, address)) as client:
            outcome = await ping(client, f"http://hub.test:{hub.port}/")
    assert (outcome.status, outcome.error) == (307, f"redirects to {location}, which is a {scope} address")


async def test_redirect_to_a_name_with_an_address_like_that_of_the_hub_is_followed() -> None:
    async with http_server() as hub, http_server() as other:
        hub.responder = responds(307, Location=f"http://hub.test:{other.port}/")
        async with open_client(5.0, 4, Names(hub.port, "127.0.0.1")) as client:
            outcome = await ping(client, f"http://hub.test:{hub.port}/")
    assert (outcome.status, len(other.received)) == (202, 1)


@pytest.mark.parametrize(
    ("hub_scope", "refused"), [("global", True), ("", True), ("private", True), ("loopback", False)]
)
def test_loopback_is_refused_unless_the_hub_is_there(hub_scope: str, refused: bool) -> None:  # noqa: FBT001
    guard = AddressGuard(hub_scope)
    for address in ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"):
        guard.check(address)
    with pytest.raises(OSError, match="loopback address") if refused else nullcontext():
        guard.check("127.0.0.1")
    assert guard.refused_scope == ("loopback" if refused else "")


async def test_redirect_to_https_of_the_same_host_is_followed(trusted: Trusted) -> None:
    async with http_server(tls=trusted.server) as secure, http_server() as plain, open_client(5.0, 4) as client:
        plain.responder = responds(301, Location=f"{secure.url}hub")
        endpoint = Endpoint(plain.url, authorities=trusted_authorities(str(trusted.ca_file)))
        outcome = await send_ping(client, endpoint, [TOPIC], 5.0)
    assert outcome.status == 202
    assert [(received.method, received.path, received.body) for received in secure.received] == [("POST", "/hub", BODY)]


@pytest.mark.parametrize(
    "target",
    ["ftp://files.test/", "file:///etc/passwd", "mailto:a@b.test", "http://[::1", "http://h:99999/", ""],
)
async def test_redirect_to_an_invalid_url_is_not_followed(target: str, client: aiohttp.ClientSession) -> None:
    async with http_server(responds(307, Location=target)) as hub:
        outcome = await ping(client, hub.url)
    assert classify(outcome.status) != "delivered"
    assert len(hub.received) == 1


async def test_redirect_without_location_is_refused(client: aiohttp.ClientSession) -> None:
    async with http_server(responds(308, "elsewhere")) as hub:
        outcome = await ping(client, hub.url)
    assert (outcome.status, outcome.error) == (308, "elsewhere")


async def test_slow_redirects_end_within_twice_the_timeout() -> None:
    async def respond(_: ReceivedRequest) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response(status=307, headers={"Location": "/"})

    async with http_server(respond) as hub:
        outcome = await impatient_ping(hub.url, 0.3)
    assert (outcome.status, outcome.error) == (408, "redirects exceeded the timeout")
    assert len(hub.received) == 2


# ----------------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Bearer abc", SecretHeader("Authorization", "Bearer abc")),
        ("Basic dXNlcjpwYXNz", SecretHeader("Authorization", "Basic dXNlcjpwYXNz")),
        ("abc", SecretHeader("Authorization", "abc")),
        ("Authorization: Bearer abc", SecretHeader("Authorization", "Bearer abc")),
        ("X-Hub-Key:abc", SecretHeader("X-Hub-Key", "abc")),
        ("  X-Hub-Key:  a b: c \n", SecretHeader("X-Hub-Key", "a b: c")),
        ("Bearer a:b", SecretHeader("Authorization", "Bearer a:b")),
        ("X-Empty:", SecretHeader("Authorization", "X-Empty:")),
    ],
)
def test_secret_is_parsed_as_header_or_as_value_of_authorization(text: str, header: SecretHeader) -> None:
    assert parse_header(text) == header


@pytest.mark.parametrize("text", ["", " \n", "X-A: pass\r\nX-B: word", "pass\x00word", "pässword", "pass\u2028word"])
def test_invalid_header_raises_an_error_that_does_not_contain_it(text: str) -> None:
    with pytest.raises(ValueError, match="is empty or contains characters") as raised:
        parse_header(text)
    assert "word" not in str(raised.value)


@pytest.mark.parametrize("secret", [SECRET, SecretHeader("X-Hub-Key", TOKEN)])
async def test_secret_is_sent_to_the_origin_of_its_hub_only(
    secret: SecretHeader, client: aiohttp.ClientSession
) -> None:
    async with http_server() as hub, http_server() as other:
        hub.responder = lambda ping: web.Response(
            status=202 if ping.path == "/back" else 307,
            headers={"Location": "/here" if ping.path == "/" else other.url},
        )
        other.responder = responds(307, Location=f"{hub.url}back")
        outcome = await ping(client, hub.url, secret)
    assert outcome.status == 202
    assert [ping.path for ping in hub.received] == ["/", "/here", "/back"]
    assert all(ping.headers[secret.name] == secret.value for ping in hub.received)
    (redirected,) = other.received
    assert secret.name not in redirected.headers
    assert TOKEN not in str(redirected)
    assert redirected.body == BODY


def _echoes_authorization(status: int) -> Responder:
    return lambda ping: web.Response(status=status, text=f"wrong key: {ping.headers['Authorization']}, go away")


@pytest.mark.parametrize("status", [202, 401, 503])
async def test_secret_in_the_text_of_a_hub_is_redacted(status: int, client: aiohttp.ClientSession) -> None:
    async with http_server(_echoes_authorization(status)) as hub:
        outcome = await ping(client, hub.url, SECRET)
    assert (outcome.status, outcome.error) == (status, "wrong key: …, go away")


@pytest.mark.parametrize("shape", [b"%s", b"HTTP/1.1 %s\r\n\r\n", b"HTTP/1.1 200 OK\r\n%s\r\n\r\n",
                                   b"HTTP/1.1 200 OK\r\nX-Huge: " + b"x" * 9000 + b"%s\r\n\r\n",
                                   b"HTTP/1.1 307 Go\r\nLocation: http://h:x%s/\r\n\r\n"])  # fmt: skip
async def test_secret_in_an_invalid_response_is_redacted(shape: bytes, client: aiohttp.ClientSession) -> None:
    async with raw_server(sends_then_closes(shape % TOKEN.encode())) as hub:
        outcome = await ping(client, hub.url, SECRET)
    assert TOKEN not in str(outcome)
    assert TOKEN not in repr(outcome)


async def test_secret_that_the_read_limit_cuts_is_removed(client: aiohttp.ClientSession) -> None:
    text = " " * (4096 - len(SECRET.value) + 1) + SECRET.value
    async with http_server(responds(500, text)) as hub:
        outcome = await ping(client, hub.url, SECRET)
    assert TOKEN[:-1] not in outcome.error
