"""The configuration with which nginx sends what `syndicate serve` sends."""

from ..http.media_types import CSS, HTML, JSON, JSON_FEED, OPML
from .headers import EXPOSED_HEADERS, PAGE_POLICY
from .server_settings import BY_EXTENSION, CERTIFICATE, FEED_NAMES, FOLDERS, PRIVATE_KEY, ServerSettings, quoted


def nginx(settings: ServerSettings) -> str:
    """Return the configuration of nginx."""
    feed_types = "".join(f"            {essence} {extension};\n" for extension, essence in BY_EXTENSION)
    prefix = settings.prefix.replace(".", r"\.")
    years = "|".join(settings.past_years)
    past = f'    "~/archive/(?:{years})" "public, max-age={settings.archive_max_age_s}";\n' if years else ""
    moved = "".join(
        f"    rewrite ^{prefix}{old}(/.*)?$ {settings.prefix}{new}$1 permanent;\n"
        for old, new in ((old.replace(".", r"\."), new) for old, new in settings.moved)
    )
    compressed = (
        "        gzip_static on;\n        # brotli_static on;  # with ngx_brotli\n" if settings.precompress else ""
    )
    proxied = (
        f"""\
    location ^~ {settings.api_path} {{
        proxy_pass http://{settings.server_address};
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }}
"""
        if settings.api_path
        else ""
    )
    location_root = (
        f"alias {quoted(settings.output + '/')};" if settings.prefix != "/" else f"root {quoted(settings.output)};"
    )
    return f"""\
map $request_uri $syndicate_link {{
    "~^(?<syndicate_path>{prefix}{FOLDERS}archive/[0-9A-Za-z-]+/{FEED_NAMES})(?:\\?|$)"
        '<{settings.origin}$syndicate_path>; rel="self"';
    "~^(?<syndicate_path>{prefix}{FOLDERS}{FEED_NAMES})(?:\\?|$)"
        '{settings.hubs}<{settings.origin}$syndicate_path>; rel="self"';
}}
map $uri $syndicate_cache {{
{past}    default "public, max-age={settings.max_age_s}";
}}
map $uri $syndicate_policy {{
    "~(?:/|\\.html)$" "{PAGE_POLICY}";
}}
server {{
    listen 80;
    # listen 443 ssl;
    # ssl_certificate {CERTIFICATE.format(host=settings.host)};
    # ssl_certificate_key {PRIVATE_KEY.format(host=settings.host)};
    server_name {settings.host};
    absolute_redirect off;
{moved}{proxied}    location {settings.prefix} {{
        {location_root}
        index index.html;
        disable_symlinks on;
        limit_except GET HEAD OPTIONS {{ deny all; }}
        if_modified_since before;
        charset utf-8;
        charset_types {" ".join(essence for _, essence in BY_EXTENSION)} {OPML.essence} {CSS.essence};
        types {{
{feed_types}            {JSON.essence} json;
            {OPML.essence} opml;
            {HTML.essence} html;
            {CSS.essence} css;
        }}
        gzip_vary on;
{compressed}        add_header Cache-Control $syndicate_cache;
        add_header Link $syndicate_link;
        add_header Content-Security-Policy $syndicate_policy;
        add_header Access-Control-Allow-Origin "*" always;
        add_header Access-Control-Expose-Headers "{EXPOSED_HEADERS}" always;
        add_header X-Content-Type-Options nosniff always;
        location ~ /feed\\.json$ {{
            types {{ {JSON_FEED.essence} json; }}
        }}
        location ~ (?:/\\.|\\.syndicate-new$) {{
            return 404;
        }}
    }}
}}
"""
