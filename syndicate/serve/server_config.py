"""What makes a static host send what `syndicate serve` sends: its own configuration, made of ours.

A host that looks at names alone cannot know which archive is of a period that is over: only years before that of the
newest archive are kept for long.
"""

import os
import sqlite3
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlsplit

from ..config import Config
from ..store.index import connect
from .documents import moves

_EXPOSED = "ETag, Link, Last-Modified"
_FRAMES = "base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors 'none'"
_FOLDERS = "(?:[A-Za-z0-9._-]+/)+"
_NAMES = r"feed\.(?:rss|atom|json)"
_MARK = "# Made by `syndicate headers {kind}`: make it again when hubs, the address or slugs change.\n"


class Facts(NamedTuple):
    """What every recipe is made of. `feeds` are documents with their periods; `moved` leads from paths to paths."""

    origin: str
    host: str
    prefix: str
    output: str
    hubs: str
    max_age_s: int
    archive_max_age_s: int
    past_years: tuple[str, ...]
    feeds: tuple[tuple[str, str], ...]
    moved: tuple[tuple[str, str], ...]
    precompress: bool


def recipe(config: Config, kind: str) -> str:
    """The configuration of a kind of server."""
    makers = {"nginx": _nginx, "caddy": _caddy, "apache": _apache, "netlify": _netlify}
    return _MARK.format(kind=kind) + makers[kind](_facts(config))


def _facts(config: Config) -> Facts:
    parts = urlsplit(config.site.url)
    feeds = _feeds(config)
    years = {period[:4] for _, period in feeds if period}
    return Facts(
        origin=f"{parts.scheme}://{parts.netloc}",
        host=parts.hostname or "",
        prefix=parts.path or "/",
        output=os.path.abspath(config.output),
        hubs="".join(f'<{hub}>; rel="hub", ' for hub in config.site.hubs).replace("'", "%27"),
        max_age_s=config.serve.max_age_s,
        archive_max_age_s=config.serve.archive_max_age_s,
        past_years=tuple(sorted(years - {max(years, default="")})),
        feeds=feeds,
        moved=tuple(sorted(moves(config).items())),
        precompress=config.precompress,
    )


def _feeds(config: Config) -> tuple[tuple[str, str], ...]:
    """Path and period of each document of a feed; none when nothing was built."""
    path = os.path.join(config.state, "index.db")
    if not os.path.exists(path):
        return ()
    try:
        with closing(connect(path)) as sql:
            rows = sql.execute("SELECT path, period FROM documents ORDER BY path").fetchall()
    except sqlite3.Error:
        return ()
    return tuple((path, period) for path, period in rows if path.endswith(("/feed.rss", "/feed.atom", "/feed.json")))


def _nginx(facts: Facts) -> str:
    prefix = facts.prefix.replace(".", r"\.")
    years = "|".join(facts.past_years)
    past = f'    "~/archive/(?:{years})" "public, max-age={facts.archive_max_age_s}";\n' if years else ""
    moved = "".join(
        f"    rewrite ^{prefix}{old}(/.*)?$ {facts.prefix}{new}$1 permanent;\n"
        for old, new in ((old.replace(".", r"\."), new) for old, new in facts.moved)
    )
    compressed = (
        "        gzip_static on;\n        # brotli_static on;  # with ngx_brotli\n" if facts.precompress else ""
    )
    here = f"alias {_quoted(facts.output + '/')};" if facts.prefix != "/" else f"root {_quoted(facts.output)};"
    return f"""\
map $uri $syndicate_link {{
    "~^{prefix}{_FOLDERS}archive/[0-9A-Za-z-]+/{_NAMES}$" '<{facts.origin}$uri>; rel="self"';
    "~^{prefix}{_FOLDERS}{_NAMES}$" '{facts.hubs}<{facts.origin}$uri>; rel="self"';
}}
map $uri $syndicate_cache {{
{past}    default "public, max-age={facts.max_age_s}";
}}
map $uri $syndicate_policy {{
    "~(?:/|\\.html)$" "{_FRAMES}";
}}
server {{
    listen 80;
    server_name {facts.host};
    absolute_redirect off;
{moved}    location {facts.prefix} {{
        {here}
        index index.html;
        disable_symlinks on;
        limit_except GET HEAD OPTIONS {{ deny all; }}
        if_modified_since before;
        charset utf-8;
        charset_types application/rss+xml application/atom+xml text/x-opml text/html text/css;
        types {{
            application/rss+xml rss;
            application/atom+xml atom;
            application/json json;
            text/x-opml opml;
            text/html html;
            text/css css;
        }}
        gzip_vary on;
{compressed}        add_header Cache-Control $syndicate_cache;
        add_header Link $syndicate_link;
        add_header Content-Security-Policy $syndicate_policy;
        add_header Access-Control-Allow-Origin "*" always;
        add_header Access-Control-Expose-Headers "{_EXPOSED}" always;
        add_header X-Content-Type-Options nosniff always;
        location ~ /feed\\.json$ {{
            types {{ application/feed+json json; }}
        }}
        location ~ (?:/\\.|\\.syndicate-new$) {{
            return 404;
        }}
    }}
}}
"""


def _caddy(facts: Facts) -> str:
    past = "|".join(facts.past_years)
    lines = [
        f"{facts.host} {{",
        f"\troot * {_quoted(facts.output)}",
    ]
    for number, (old, new) in enumerate(facts.moved):
        pattern = "^" + f"{facts.prefix}{old}".replace(".", r"\.") + "(/.*)?$"
        lines += [
            f"\t@moved{number} path_regexp moved{number} {pattern}",
            f"\tredir @moved{number} {facts.prefix}{new}{{re.moved{number}.1}} permanent",
        ]
    prefix = facts.prefix.replace(".", r"\.")
    lines += [
        "\theader {",
        '\t\tAccess-Control-Allow-Origin "*"',
        f'\t\tAccess-Control-Expose-Headers "{_EXPOSED}"',
        '\t\tX-Content-Type-Options "nosniff"',
        '\t\tVary "Accept-Encoding"',
        f'\t\tCache-Control "public, max-age={facts.max_age_s}"',
        "\t}",
    ]
    if past:
        lines += [
            f"\t@past path_regexp /archive/(?:{past})",
            f'\theader @past Cache-Control "public, max-age={facts.archive_max_age_s}"',
        ]
    for ending, media_type in _TYPES:
        lines += [f'\theader *{ending} Content-Type "{media_type}"']
    lines += [
        f"\t@archive path_regexp archive ^({prefix}{_FOLDERS}archive/[0-9A-Za-z-]+/{_NAMES})$",
        "\t@feed {",
        f"\t\tpath_regexp feed ^({prefix}{_FOLDERS}{_NAMES})$",
        "\t\tnot path_regexp /archive/[0-9A-Za-z-]+/feed",
        "\t}",
        f'\theader @archive Link `<{facts.origin}{{re.archive.1}}>; rel="self"`',
        f'\theader @feed Link `{facts.hubs}<{facts.origin}{{re.feed.1}}>; rel="self"`',
        "\t@page path */ *.html",
        f'\theader @page Content-Security-Policy "{_FRAMES}"',
        "\t@hidden path */.* *.syndicate-new",
        "\trespond @hidden 404",
        f"\thandle_path {facts.prefix}* {{",
        f"\t\tfile_server{' {' if facts.precompress else ''}",
        *(["\t\t\tprecompressed br gzip", "\t\t}"] if facts.precompress else []),
        "\t}",
        "}",
    ]
    return "\n".join(lines) + "\n"


_TYPES = (
    (".rss", "application/rss+xml; charset=utf-8"),
    (".atom", "application/atom+xml; charset=utf-8"),
    (".opml", "text/x-opml; charset=utf-8"),
    ("/feed.json", "application/feed+json"),
)


def _apache(facts: Facts) -> str:
    prefix = facts.prefix.replace(".", r"\.")
    past = "|".join(facts.past_years)
    moved = "".join(
        f'RedirectMatch permanent "^{prefix}{old}(/.*)?$" "{facts.prefix}{new}$1"\n'
        for old, new in ((old.replace(".", r"\."), new) for old, new in facts.moved)
    )
    keep_past = (
        f'    SetEnvIf Request_URI "/archive/(?:{past})" syndicate_past\n'
        f'    Header set Cache-Control "public, max-age={facts.archive_max_age_s}" env=syndicate_past\n'
        if past
        else ""
    )
    hubs = facts.hubs.replace('"', r"\"")
    return f"""\
# Needs mod_headers, mod_setenvif, mod_alias{", mod_rewrite" if facts.precompress else ""}.
{moved}Alias "{facts.prefix}" "{facts.output}/"
<Directory "{facts.output}">
    Require all granted
    Options -Indexes -FollowSymLinks{" +SymLinksIfOwnerMatch" if facts.precompress else ""}
    DirectoryIndex index.html
    FileETag MTime Size
    AddType application/rss+xml .rss
    AddType application/atom+xml .atom
    AddType text/x-opml .opml
    AddCharset UTF-8 .rss .atom .opml .html .css
    <Files "feed.json">
        ForceType application/feed+json
    </Files>
    <FilesMatch "^\\.|\\.syndicate-new$">
        Require all denied
    </FilesMatch>
    Header always set Access-Control-Allow-Origin "*"
    Header always set Access-Control-Expose-Headers "{_EXPOSED}"
    Header always set X-Content-Type-Options "nosniff"
    Header merge Vary "Accept-Encoding"
    Header set Cache-Control "public, max-age={facts.max_age_s}"
{keep_past}    SetEnvIf Request_URI "^({prefix}{_FOLDERS}{_NAMES})$" syndicate_feed=$1
    SetEnvIf Request_URI "^({prefix}{_FOLDERS}archive/[0-9A-Za-z-]+/{_NAMES})$" syndicate_archive=$1 !syndicate_feed
    Header set Link "{hubs}<{facts.origin}%{{syndicate_feed}}e>; rel=\\"self\\"" env=syndicate_feed
    Header set Link "<{facts.origin}%{{syndicate_archive}}e>; rel=\\"self\\"" env=syndicate_archive
    <FilesMatch "\\.html$">
        Header set Content-Security-Policy "{_FRAMES}"
    </FilesMatch>
{_apache_compressed() if facts.precompress else ""}</Directory>
"""


def _apache_compressed() -> str:
    kinds = (*((ending, kind.partition(";")[0]) for ending, kind in _TYPES[:3]), (".html", "text/html"))
    kinds = (*kinds, (".css", "text/css"), ("feed.json", "application/feed+json"))
    lines = ["    RewriteEngine On"]
    for name, suffix in (("br", "br"), ("gzip", "gz")):
        for ending, media_type in kinds:
            pattern = ending.replace(".", r"\.")
            lines += [
                f"    RewriteCond %{{HTTP:Accept-Encoding}} {name}",
                f"    RewriteCond %{{REQUEST_FILENAME}}.{suffix} -f",
                f"    RewriteRule ^(.*{pattern})$ $1.{suffix} [L,T={media_type},E=no-gzip:1,E=no-brotli:1]",
            ]
        lines += [
            f'    <FilesMatch "\\.{suffix}$">',
            f"        Header set Content-Encoding {name}",
            f"        RemoveType .{suffix}",
            f"        RemoveEncoding .{suffix}",
            "    </FilesMatch>",
        ]
    return "\n".join(lines) + "\n"


def _netlify(facts: Facts) -> str:
    lines = [
        f"{facts.prefix}*",
        "  Access-Control-Allow-Origin: *",
        f"  Access-Control-Expose-Headers: {_EXPOSED}",
        "  X-Content-Type-Options: nosniff",
        f"  Content-Security-Policy: {_FRAMES}",
        f"  Cache-Control: public, max-age={facts.max_age_s}",
        f"{facts.prefix}feeds.opml",
        "  Content-Type: text/x-opml; charset=utf-8",
    ]
    kinds = {f"feed{ending}": kind for ending, kind in _TYPES[:2]} | {"feed.json": "application/feed+json"}
    for path, period in facts.feeds:
        hubs = "" if period else facts.hubs
        lines += [
            f"{facts.prefix}{path}",
            f"  Content-Type: {kinds[path.rpartition('/')[2]]}",
            f'  Link: {hubs}<{facts.origin}{facts.prefix}{path}>; rel="self"',
        ]
    if facts.moved:
        lines += ["# In the file _redirects:"]
        lines += [f"# {facts.prefix}{old}/* {facts.prefix}{new}/:splat 301" for old, new in facts.moved]
    return "\n".join(lines) + "\n"


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
