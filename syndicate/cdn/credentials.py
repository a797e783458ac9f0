"""The secrets of caches, from the environment."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import Config
from ..errors import Problem
from . import kind_of
from .base import PurgeRequest
from .purger import Purger, Signer


def purgers(config: Config, environment: Mapping[str, str], problems: list[Problem]) -> list[Purger]:
    """Returns the caches with their secrets. Reports each that is missing or cannot be used, without showing it."""
    found: list[Purger] = []
    for cdn in config.cdns:
        token = ""  # nosec B105
        if cdn.token_env:
            token = environment.get(cdn.token_env, "").strip()
            if not token or not token.isprintable() or not token.isascii():
                message = f"the token for {cdn.target} is empty or contains characters that a header may not have"
                problems.append(Problem(cdn.token_env, 1, 1, "environment", message))
        sign: Signer | None = None
        if kind_of(cdn.kind).is_signed_by_aws:
            try:
                sign = aws_signer()
            except ImportError:
                message = "needs a package that is not installed: pip install 'syndicate-feeds[aws]'"
                problems.append(Problem(config.path, 1, 1, "cdn", f"{cdn.target} {message}"))
        found.append(Purger(cdn, config.site.url, token, sign))
    return found


def aws_signer() -> Signer:
    """Returns a function that signs requests to CloudFront with the credentials of AWS's usual chain.

    Raises ImportError without botocore.
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import get_session

    session = get_session()

    def sign(request: PurgeRequest) -> Mapping[str, str]:
        credentials = session.get_credentials()
        if credentials is None:
            raise ValueError("no credentials of AWS are found in the environment")
        signed = AWSRequest(request.method, request.url, dict(request.headers), request.body)
        SigV4Auth(credentials.get_frozen_credentials(), "cloudfront", "us-east-1").add_auth(signed)
        return dict(signed.headers.items())

    return sign
