"""Credentials of AWS from profiles, which obstore does not read: `~/.aws/credentials`, `~/.aws/config`, SSO.

botocore reads them, as the command line of AWS does. Keys in the environment go before a profile.
https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import OutputError

if TYPE_CHECKING:
    from obstore.store import S3Credential

_FILE = "~/.aws/credentials"
_CONFIG_FILE = "~/.aws/config"
_REFRESH = timedelta(minutes=5)  # temporary credentials are asked for again this often; botocore renews them


def profile_credentials(environment: Mapping[str, str]) -> ProfileCredentials | None:
    """Returns the credentials of the profile in use; None when the environment states keys, or there is no profile.

    Raises OutputError when there is one that cannot be used.
    """
    if "AWS_ACCESS_KEY_ID" in environment:
        return None
    file = os.path.expanduser(environment.get("AWS_SHARED_CREDENTIALS_FILE", _FILE))
    config_file = os.path.expanduser(environment.get("AWS_CONFIG_FILE", _CONFIG_FILE))
    is_required = "AWS_PROFILE" in environment or os.path.exists(file)
    if not is_required and not (os.path.exists(config_file) and find_spec("botocore")):
        return None
    credentials = ProfileCredentials()
    return credentials if credentials.are_found else None


class ProfileCredentials:
    """Returns the credentials of the profile in use, each time that it is called, for obstore.

    `region` is that of the profile, or None. Raises OutputError without botocore, and for a profile that does not
    exist or cannot be read.
    """

    def __init__(self) -> None:
        try:
            from botocore.exceptions import BotoCoreError
            from botocore.session import get_session
        except ImportError:
            message = "to read a profile, a package is needed that is not installed: pip install 'syndicate-feeds[aws]'"
            raise OutputError(f"credentials of AWS: {message}") from None
        self._error = BotoCoreError
        try:
            session = get_session()
            self._credentials = session.get_credentials()
            self.region: str | None = session.get_config_variable("region")
        except BotoCoreError as error:
            raise OutputError(f"credentials of AWS: {error}") from None

    @property
    def are_found(self) -> bool:
        """Whether there are any."""
        return self._credentials is not None

    def __call__(self) -> S3Credential:
        try:
            frozen = self._credentials.get_frozen_credentials()
        except self._error as error:
            raise OutputError(f"credentials of AWS: {error}") from None
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _REFRESH if frozen.token else None,
        }
