"""The configuration with which Caddy sends what `syndicate serve` sends."""

from .headers import EXPOSED_HEADERS, PAGE_POLICY
from .server_settings import CERTIFICATE, EXPLICIT_TYPES, FEED_NAMES, FOLDERS, PRIVATE_KEY, ServerSettings, quoted


def caddy(settings: ServerSettings) -> str:
    """Return the configuration of Caddy."""
    past = "|".join(settings.past_years)
    prefix = settings.prefix.replace(".", r"\.")
    archive_pattern = f"{prefix}{FOLDERS}archive/[0-9A-Za-z-]+/{FEED_NAMES}"
    moved = []
    for number, (old, new) in enumerate(settings.moved):
        pattern = "^" + f"{settings.prefix}{old}".replace(".", r"\.") + "(/.*)?$"
        moved += [
            f"\t@moved{number} path_regexp moved{number} {pattern}",
            f"\tredir @moved{number} {settings.prefix}{new}{{re.moved{number}.1}} permanent",
        ]
    proxied = []
    if settings.api_path:
        proxied = [f"\thandle {settings.api_path}* {{", f"\t\treverse_proxy {settings.server_address}", "\t}"]
    types = []
    for number, (suffix, content_type) in enumerate(EXPLICIT_TYPES.items()):
        types += [f"\t\t@type{number} path *{suffix}", f'\t\theader @type{number} Content-Type "{content_type}"']
    cache = [f'\t\theader Cache-Control "public, max-age={settings.max_age_s}"']
    if past:  # a `header` without a matcher comes after those with one
        cache = [
            f"\t\t@past path_regexp /archive/(?:{past})",
            f"\t\t@recent not path_regexp /archive/(?:{past})",
            f'\t\theader @recent Cache-Control "public, max-age={settings.max_age_s}"',
            f'\t\theader @past Cache-Control "public, max-age={settings.archive_max_age_s}"',
        ]
    file_server = ["\t\tfile_server"]
    if settings.precompress:
        file_server = ["\t\tfile_server {", "\t\t\tprecompressed br gzip", "\t\t}"]
    lines = [
        f"{settings.host} {{",
        "\t# Caddy obtains a certificate by itself, unless it is given one:",
        f"\t# tls {CERTIFICATE.format(host=settings.host)} {PRIVATE_KEY.format(host=settings.host)}",
        f"\troot * {quoted(settings.output)}",
        *moved,
        *proxied,
        f"\thandle {settings.prefix}* {{",
        "\t\theader {",
        '\t\t\tAccess-Control-Allow-Origin "*"',
        f'\t\t\tAccess-Control-Expose-Headers "{EXPOSED_HEADERS}"',
        '\t\t\tX-Content-Type-Options "nosniff"',
        "\t\t}",
        *cache,
        *types,
        f"\t\t@archive vars_regexp archive {{http.request.uri}} ^({archive_pattern})(?:[?]|$)",
        "\t\t@feed {",
        f"\t\t\tvars_regexp feed {{http.request.uri}} ^({prefix}{FOLDERS}{FEED_NAMES})(?:[?]|$)",
        "\t\t\tnot path_regexp /archive/[0-9A-Za-z-]+/feed",
        "\t\t}",
        f'\t\theader @archive Link `<{settings.origin}{{re.archive.1}}>; rel="self"`',
        f'\t\theader @feed Link `{settings.hubs}<{settings.origin}{{re.feed.1}}>; rel="self"`',
        "\t\t@page path */ *.html",
        f'\t\theader @page Content-Security-Policy "{PAGE_POLICY}"',
        "\t\t@hidden path */.* *.syndicate-new",
        "\t\trespond @hidden 404",
        *([f"\t\turi strip_prefix {settings.prefix.rstrip('/')}"] if settings.prefix != "/" else []),
        *file_server,
        "\t}",
        *(["\thandle {", "\t\trespond 404", "\t}"] if settings.prefix != "/" else []),
        "}",
    ]
    return "\n".join(lines) + "\n"
