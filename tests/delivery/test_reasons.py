"""The reasons of failed attempts, in words."""

import pytest

from syndicate.delivery.reasons import explain, is_unreachable

HUB = "https://hub.example:8443/push"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            "ClientConnectorDNSError: Cannot connect to host hub.example:8443 ssl:default [Name or service not known]",
            "the name hub.example is not known (DNS)",
        ),
        (
            "ClientConnectorDNSError: Cannot connect to host x:443 ssl:default [Temporary failure in name resolution]",
            "DNS does not answer: the name hub.example cannot be looked up",
        ),
        (
            "ClientConnectorError: Cannot connect to host x:1 ssl:default [Connect call failed ('127.0.0.1', 1)]",
            "hub.example:8443 refuses connections",
        ),
        ("timed out", "hub.example:8443 does not answer in time"),
        ("ConnectionTimeoutError: Connection timeout to host https://x/", "hub.example:8443 does not answer in time"),
        ("ServerDisconnectedError: Server disconnected", "hub.example:8443 closes the connection without an answer"),
        (
            "ClientConnectorError: Cannot connect to host x:1 ssl:default [Network is unreachable]",
            "there is no route to hub.example:8443",
        ),
        (
            "ClientConnectorCertificateError: Cannot connect to host x:443 [SSLCertVerificationError: expired]",
            "the TLS certificate of hub.example:8443 is not valid",
        ),
        (
            "ClientConnectorSSLError: Cannot connect to host x:443 ssl:default [[SSL: WRONG_VERSION_NUMBER] wrong]",
            "TLS with hub.example:8443 fails",
        ),
    ],
)
def test_hub_that_cannot_be_reached(error: str, reason: str) -> None:
    assert explain(HUB, None, error) == reason
    assert is_unreachable(None, error)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (503, "", "answers 503 Service Unavailable"),
        (404, "no such topic", "answers 404 Not Found: no such topic"),
        (599, "odd", "answers 599: odd"),
        (502, "<html> <head><title>502 Bad Gateway</title></head>", "answers 502 Bad Gateway: 502 Bad Gateway"),
        (500, "<p>timed out", "answers 500 Internal Server Error: an HTML page"),
        (None, "ClientPayloadError: odd", "ClientPayloadError: odd"),
        (None, "", "no answer"),
    ],
)
def test_other_answers_are_quoted(status: int | None, error: str, reason: str) -> None:
    assert explain(HUB, status, error) == reason
    assert not is_unreachable(status, error)


def test_long_reasons_are_cut() -> None:
    assert len(explain(HUB, 400, "x" * 1000)) == 160
