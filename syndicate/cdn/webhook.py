"""A webhook: one POST of JSON with addresses and tags, signed with HMAC-SHA256 as Standard Webhooks 1.0.0 say.

https://github.com/standard-webhooks/standard-webhooks: libraries for many languages verify these headers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json

from .base import Kind, Purge, PurgeRequest

_PREFIX = "whsec_"


def build(purge: Purge) -> list[PurgeRequest]:
    """Returns the request. Its id follows from the body and the time, which the signature covers, too."""
    content = {"type": "purge", "site": purge.site_url, "urls": purge.urls, "tags": purge.tags}
    body = json.dumps(content).encode()
    timestamp = str(int(purge.now_s))
    message_id = f"msg_{hashlib.sha256(f'{purge.now_s} '.encode() + body).hexdigest()[:32]}"
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(_key(purge.token), signed, hashlib.sha256).digest()).decode()
    headers = (
        ("Content-Type", "application/json"),
        ("webhook-id", message_id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", f"v1,{signature}"),
    )
    return [PurgeRequest("POST", purge.cdn.url, headers, body)]


def _key(secret: str) -> bytes:
    """Returns the key: what follows `whsec_` is base64, any other secret is the key itself."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


KIND = Kind("webhook", build, batch_by_url=1000, batch_by_tag=1000)
