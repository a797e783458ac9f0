"""The configuration with which Netlify sends what `syndicate serve` sends."""

from ..http.media_types import OPML, media_type
from .headers import EXPOSED_HEADERS, PAGE_POLICY
from .server_settings import ServerSettings


def netlify(settings: ServerSettings) -> str:
    """Return the configuration of Netlify."""
    lines = [
        f"{settings.prefix}*",
        "  Access-Control-Allow-Origin: *",
        f"  Access-Control-Expose-Headers: {EXPOSED_HEADERS}",
        "  X-Content-Type-Options: nosniff",
        f"  Content-Security-Policy: {PAGE_POLICY}",
        f"  Cache-Control: public, max-age={settings.max_age_s}",
        f"{settings.prefix}feeds.opml",
        f"  Content-Type: {OPML.content_type}",
    ]
    for path, period in ((row.path, row.period) for row in settings.feeds):
        hubs = "" if period else settings.hubs
        lines += [
            f"{settings.prefix}{path}",
            f"  Content-Type: {media_type(path).content_type}",
            f'  Link: {hubs}<{settings.origin}{settings.prefix}{path}>; rel="self"',
        ]
    if settings.moved or settings.api_path:
        lines += ["# For the file _redirects:"]
        if settings.api_path:
            lines.append(f"# {settings.api_path}* https://SERVER{settings.api_path}:splat 200  # SERVER runs serve")
        lines += [f"# {settings.prefix}{old}/* {settings.prefix}{new}/:splat 301" for old, new in settings.moved]
    return "\n".join(lines) + "\n"
