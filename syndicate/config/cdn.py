"""The caches in front of the site that are purged after a build."""

import re
from typing import Annotated, Literal, NamedTuple

from .options import Option
from .sections import ConfigSection

_VARIABLE = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_REQUIRED = {
    "cloudflare": ("zone", "token_env"),
    "fastly": ("service", "token_env"),
    "cloudfront": ("distribution",),
    "varnish": ("url",),
    "webhook": ("url", "token_env"),
}
_OWNED = {"zone": "cloudflare", "service": "fastly", "distribution": "cloudfront"}


class Cdn(NamedTuple):
    """Caches in front of `site.url` that are purged of changed documents before hubs are notified."""

    kind: Annotated[
        Literal["cloudflare", "fastly", "cloudfront", "varnish", "webhook", "none"],
        Option("The cache, or `webhook` for a program of your own; `none` purges nothing."),
    ]
    zone: Annotated[str, Option("Id of the zone, for Cloudflare.")] = ""
    service: Annotated[str, Option("Id of the service, for Fastly.")] = ""
    distribution: Annotated[
        str, Option("Id of the distribution, for CloudFront. Credentials are those of AWS in the environment.")
    ] = ""
    url: Annotated[
        str,
        Option("Address of Varnish or of the webhook; for a vendor, of its interface.", is_url=True),
    ] = ""
    token_env: Annotated[
        str,
        Option(
            "Name of an environment variable that holds the token of the vendor, or the secret that signs webhooks."
        ),
    ] = ""
    by: Annotated[
        Literal["url", "tag"] | None,
        Option(
            "Purge each changed document by its address, or whole feeds by their tags.",
            default="`tag` for Fastly, else `url`",
        ),
    ] = None
    requests_per_minute: Annotated[
        int | None,
        Option(
            "Largest number of purge requests a minute; 0 for no limit.", minimum=0, default="5 for Cloudflare, else 0"
        ),
    ] = None

    @property
    def target(self) -> str:
        """The name of the cache among the targets of deliveries."""
        return f"cdn:{self.kind}:{self.zone or self.service or self.distribution or self.url}"


def read_cdns(cdns: tuple[Cdn, ...], sections: tuple[ConfigSection, ...]) -> tuple[Cdn, ...]:
    """Returns the caches to purge. Reports keys that a kind lacks or does not know, and caches that are named twice."""
    by_target: dict[str, Cdn] = {}
    for cdn, section in zip(cdns, sections, strict=True):
        if cdn.kind not in _REQUIRED:  # none, or reported already
            continue
        for key in _REQUIRED[cdn.kind]:
            if not getattr(cdn, key):
                section.report(key, f"is required for {cdn.kind}")
        for key, owner in _OWNED.items():
            value = getattr(cdn, key)
            if value and owner != cdn.kind:
                section.report(key, f"is for {owner} only")
            elif value and not _NAME.fullmatch(value):
                section.report(key, "expected letters, digits, '-' and '_' only")
        if cdn.token_env and not _VARIABLE.fullmatch(cdn.token_env):
            # The message must not repeat the value: it may be the secret itself.
            section.report("token_env", "expected the name of an environment variable, not the token itself")
        if cdn.target in by_target:
            section.report("kind", "the same cache is configured twice")
        by_target[cdn.target] = cdn._replace(by=cdn.by or ("tag" if cdn.kind == "fastly" else "url"))
    return tuple(by_target.values())
