"""One ping, to hubs that do as they like: it ends in time, with an outcome, and tells nobody a secret."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from support.hubs import (
    Answer,
    Raw,
    Received,
    Talk,
    bytes_then_close,
    drips,
    endless,
    raw,
    refusing_url,
    reset_in_the_body,
    says,
    served,
    silence,
)

from syndicate import __version__
from syndicate.websub.ping import Header, header, send, session
from syndicate.websub.retry import Outcome, classify

TOPIC = "https://feeds.test/topics/r--d/feed.atom?a=1&b=%C3%A9"
BODY = (
    b"hub.mode=publish&hub.url=https%3A%2F%2Ffeeds.test%2Ftopics%2Fr--d%2Ffeed.atom%3Fa%3D1%26b%3D%25C3%25A9"
    b"&hub.topic=https%3A%2F%2Ffeeds.test%2Ftopics%2Fr--d%2Ffeed.atom%3Fa%3D1%26b%3D%25C3%25A9"
)
TOKEN = "s3cr3t-t0ken/+="
SECRET = Header("Authorization", f"Bearer {TOKEN}")


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with session(5.0, 4) as client:
        yield client


async def hurried(url: str, timeout_s: float = 0.3) -> Outcome:
    """A ping by somebody who does not wait for long."""
    async with session(timeout_s, 4) as client:
        return await send(client, url, TOPIC, timeout_s)


# ------------------------------------------------------------------------------------------------------ what is said


async def test_ping_is_one_form_with_the_topic_under_both_names(client: aiohttp.ClientSession) -> None:
    async with served() as hub:
        await send(client, f"{hub.url}publish?key=%2F", TOPIC, 5.0)
    (ping,) = hub.received
    assert (ping.method, ping.path, ping.body) == ("POST", "/publish?key=%2F", BODY)
    assert ping.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert ping.headers["User-Agent"] == f"syndicate/{__version__}"
    assert "Authorization" not in ping.headers


# --------------------------------------------------------------------------------------------------- what is answered


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
async def test_status_and_text_of_an_answer_are_kept(
    status: int, text: str, meaning: str, client: aiohttp.ClientSession
) -> None:
    async with served(says(status, text)) as hub:
        outcome = await send(client, hub.url, TOPIC, 5.0)
    assert (outcome.status, outcome.error, outcome.retry_after_s) == (status, text, None)
    assert classify(outcome.status) == meaning
    assert 0 < outcome.seconds < 5


@pytest.mark.parametrize("status", [503, 429])
async def test_retry_after_is_understood_in_seconds_and_as_a_date(status: int, client: aiohttp.ClientSession) -> None:
    async with served(says(status, Retry_After="120")) as hub:
        assert (await send(client, hub.url, TOPIC, 5.0)).retry_after_s == 120
        hub.answer = says(status, Retry_After=formatdate(time.time() + 120, usegmt=True))
        assert (await send(client, hub.url, TOPIC, 5.0)).retry_after_s == pytest.approx(120, abs=5)
        hub.answer = says(status, Retry_After="soon")
        assert (await send(client, hub.url, TOPIC, 5.0)).retry_after_s is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\t and\x1b[31m colour", "two lines and [31m colour"),
        ("x" * 300, "x" * 199 + "…"),
        ("\ufffe\x00", ""),
    ],
)
async def test_text_of_an_answer_is_one_short_printable_line(
    text: str, shown: str, client: aiohttp.ClientSession
) -> None:
    async with served(says(500, text)) as hub:
        assert (await send(client, hub.url, TOPIC, 5.0)).error == shown


# -------------------------------------------------------------------------------------------------- hubs that are ill


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (silence, "timed out"),
        (reset_in_the_body, ""),
        (drips, "timed out"),
        (bytes_then_close(b""), ""),
        (bytes_then_close(b"SSH-2.0-OpenSSH_9.6\r\n"), ""),
        (bytes_then_close(b"HTTP/1.1 999999 \r\n\r\n"), ""),
        (bytes_then_close(b"HTTP/1.1 202 Accepted\r\nX-Huge: " + b"x" * 200_000 + b"\r\n\r\n"), ""),
        (bytes_then_close(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nshort"), ""),
        (bytes_then_close(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), ""),
        (bytes_then_close(b"HTTP/1.1 202 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), ""),
        (bytes_then_close(b"HTTP/1.1 202 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nnope"), ""),
    ],
    ids=[
        "hang",
        "reset",
        "drip",
        "hang-up",
        "garbage",
        "no-status",
        "huge-header",
        "short",
        "chunks",
        "gzip",
        "lengths",
    ],
)
async def test_ill_hub_is_an_outcome_without_an_answer_and_is_tried_again(talk: Talk, said: str) -> None:
    async with raw(talk) as hub:
        outcome = await hurried(hub.url)
    assert outcome.status is None
    assert outcome.error.startswith(said)
    assert outcome.error
    assert len(outcome.error) <= 200
    assert classify(outcome.status) == "retrying"
    assert hub.requests == 1  # a POST is not repeated behind our back
    assert outcome.seconds < 2


async def test_refused_connection_is_tried_again() -> None:
    outcome = await hurried(refusing_url(), 5.0)
    assert outcome.status is None
    assert "connect" in outcome.error.lower()


async def test_endless_answer_is_read_no_further_than_its_beginning(client: aiohttp.ClientSession) -> None:
    server: list[Raw] = []
    async with raw(endless(server)) as hub:
        server.append(hub)
        outcome = await send(client, hub.url, TOPIC, 5.0)
        assert outcome.status == 200
        assert outcome.error.startswith("word word ")
        assert outcome.seconds < 2
        assert hub.sent_bytes < 16 * 2**20  # what socket buffers hold, and no more


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command, which makes the self-signed certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


async def test_untrusted_certificate_is_no_delivery(self_signed: ssl.SSLContext, client: aiohttp.ClientSession) -> None:
    async with served(tls=self_signed) as hub:
        outcome = await send(client, hub.url, TOPIC, 5.0, SECRET)
    assert outcome.status is None
    assert "certificate" in outcome.error.lower()
    assert hub.received == []


# --------------------------------------------------------------------------------------------------------- redirects


def counting_down(status: int) -> Answer:
    """`/3` leads to `/2`, and so on; `/0` accepts."""

    def answer(received: Received) -> web.Response:
        left = int(received.path.strip("/"))
        return web.Response(status=status, headers={"Location": f"/{left - 1}"}) if left else web.Response(status=202)

    return answer


@pytest.mark.parametrize("status", [307, 308])
async def test_five_redirects_are_followed_as_posts_with_the_body(status: int, client: aiohttp.ClientSession) -> None:
    async with served(counting_down(status)) as hub:
        outcome = await send(client, f"{hub.url}5", TOPIC, 5.0)
    assert outcome.status == 202
    assert [(ping.method, ping.body) for ping in hub.received] == [("POST", BODY)] * 6
    assert hub.received[-1].headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("status", [307, 308])
async def test_sixth_redirect_is_not_followed(status: int, client: aiohttp.ClientSession) -> None:
    async with served(counting_down(status)) as hub:
        outcome = await send(client, f"{hub.url}6", TOPIC, 5.0)
    assert (outcome.status, outcome.error) == (status, "more than 5 redirects")
    assert len(hub.received) == 6


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304])
async def test_redirect_that_would_become_a_get_is_not_followed(status: int, client: aiohttp.ClientSession) -> None:
    async with served(counting_down(status)) as hub:
        outcome = await send(client, f"{hub.url}3", TOPIC, 5.0)
    assert outcome.status == status
    assert classify(outcome.status) == "refused"
    assert [ping.method for ping in hub.received] == ["POST"]


@pytest.mark.parametrize(
    "target",
    ["ftp://files.test/", "file:///etc/passwd", "mailto:a@b.test", "http://[::1", "http://h:99999/", ""],
)
async def test_redirect_to_nowhere_is_not_followed_and_is_no_delivery(
    target: str, client: aiohttp.ClientSession
) -> None:
    async with served(says(307, Location=target)) as hub:
        outcome = await send(client, hub.url, TOPIC, 5.0)
    assert classify(outcome.status) != "delivered"
    assert len(hub.received) == 1


async def test_redirect_without_location_is_refused(client: aiohttp.ClientSession) -> None:
    async with served(says(308, "elsewhere")) as hub:
        outcome = await send(client, hub.url, TOPIC, 5.0)
    assert (outcome.status, outcome.error) == (308, "elsewhere")


async def test_slow_redirects_take_no_longer_than_twice_the_timeout() -> None:
    async def answer(_: Received) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response(status=307, headers={"Location": "/"})

    async with served(answer) as hub:
        outcome = await hurried(hub.url, 0.3)
    assert (outcome.status, outcome.error) == (408, "took too long to redirect")
    assert len(hub.received) == 2


# ----------------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bearer abc", Header("Authorization", "Bearer abc")),
        ("Basic dXNlcjpwYXNz", Header("Authorization", "Basic dXNlcjpwYXNz")),
        ("abc", Header("Authorization", "abc")),
        ("Authorization: Bearer abc", Header("Authorization", "Bearer abc")),
        ("X-Hub-Key:abc", Header("X-Hub-Key", "abc")),
        ("  X-Hub-Key:  a b: c \n", Header("X-Hub-Key", "a b: c")),
        ("Bearer a:b", Header("Authorization", "Bearer a:b")),
        ("X-Empty:", Header("Authorization", "X-Empty:")),
    ],
)
def test_secret_is_a_header_or_the_value_of_authorization(text: str, found: Header) -> None:
    assert header(text) == found


@pytest.mark.parametrize("text", ["", " \n", "X-A: pass\r\nX-B: word", "pass\x00word", "pässword", "pass\u2028word"])
def test_what_no_header_can_be_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="empty, or holds characters") as refused:
        header(text)
    assert "word" not in str(refused.value)


@pytest.mark.parametrize("secret", [SECRET, Header("X-Hub-Key", TOKEN)])
async def test_secret_goes_to_its_hub_and_to_no_other_origin(secret: Header, client: aiohttp.ClientSession) -> None:
    async with served() as hub, served() as other:
        hub.answer = lambda ping: web.Response(
            status=202 if ping.path == "/back" else 307,
            headers={"Location": "/here" if ping.path == "/" else other.url},
        )
        other.answer = says(307, Location=f"{hub.url}back")
        outcome = await send(client, hub.url, TOPIC, 5.0, secret)
    assert outcome.status == 202
    assert [ping.path for ping in hub.received] == ["/", "/here", "/back"]
    assert all(ping.headers[secret.name] == secret.value for ping in hub.received)
    (astray,) = other.received
    assert secret.name not in astray.headers
    assert TOKEN not in str(astray)
    assert astray.body == BODY


def _echo_in_text(status: int) -> Answer:
    return lambda ping: web.Response(status=status, text=f"wrong key: {ping.headers['Authorization']}, go away")


@pytest.mark.parametrize("status", [202, 401, 503])
async def test_secret_that_a_hub_repeats_in_its_text_is_not_kept(status: int, client: aiohttp.ClientSession) -> None:
    async with served(_echo_in_text(status)) as hub:
        outcome = await send(client, hub.url, TOPIC, 5.0, SECRET)
    assert (outcome.status, outcome.error) == (status, "wrong key: …, go away")


@pytest.mark.parametrize("shape", [b"%s", b"HTTP/1.1 %s\r\n\r\n", b"HTTP/1.1 200 OK\r\n%s\r\n\r\n",
                                   b"HTTP/1.1 200 OK\r\nX-Huge: " + b"x" * 9000 + b"%s\r\n\r\n",
                                   b"HTTP/1.1 307 Go\r\nLocation: http://h:x%s/\r\n\r\n"])  # fmt: skip
async def test_secret_that_is_repeated_in_what_is_no_http_is_not_kept(
    shape: bytes, client: aiohttp.ClientSession
) -> None:
    async with raw(bytes_then_close(shape % TOKEN.encode())) as hub:
        outcome = await send(client, hub.url, TOPIC, 5.0, SECRET)
    assert TOKEN not in str(outcome)
    assert TOKEN not in repr(outcome)


async def test_secret_that_is_cut_off_where_reading_ends_is_not_kept(client: aiohttp.ClientSession) -> None:
    text = " " * (4096 - len(SECRET.value) + 1) + SECRET.value
    async with served(says(500, text)) as hub:
        outcome = await send(client, hub.url, TOPIC, 5.0, SECRET)
    assert TOKEN[:-1] not in outcome.error
