"""The configuration with which Apache sends what `syndicate serve` sends."""

import re

from ..http.media_types import CSS, HTML, JSON, JSON_FEED, OPML, media_type
from .headers import EXPOSED_HEADERS, PAGE_POLICY
from .server_settings import BY_EXTENSION, CERTIFICATE, FEED_NAMES, FOLDERS, JSON_NAME, PRIVATE_KEY, ServerSettings


def apache(settings: ServerSettings) -> str:
    """Return the configuration of Apache."""
    hubs, origin = (text.replace("%", "%%") for text in (settings.hubs, settings.origin))  # where % begins a format
    settings = settings._replace(hubs=hubs, origin=origin)
    feed_types = "".join(f"        AddType {essence} .{extension}\n" for extension, essence in BY_EXTENSION)
    prefix = settings.prefix.replace(".", r"\.")
    past = "|".join(settings.past_years)
    certificate, private_key = (text.format(host=settings.host) for text in (CERTIFICATE, PRIVATE_KEY))
    moved = "".join(
        f'    RedirectMatch permanent "^{prefix}{old}(/.*)?$" "{settings.prefix}{new}$1"\n'
        for old, new in ((old.replace(".", r"\."), new) for old, new in settings.moved)
    )
    past_cache = (
        f'    <LocationMatch "/archive/(?:{past})">\n'
        f'        Header set Cache-Control "public, max-age={settings.archive_max_age_s}"\n'
        "    </LocationMatch>\n"
        if past
        else ""
    )
    proxied = (
        "    ProxyPreserveHost On\n"
        f'    ProxyPass "{settings.api_path}" "http://{settings.server_address}{settings.api_path}"\n'
        if settings.api_path
        else ""
    )
    modules = ["headers", "setenvif"]
    modules += ["rewrite"] if settings.precompress else []
    modules += ["proxy_http"] if proxied else []
    hubs = settings.hubs.replace('"', r"\"")
    feed_pattern = f"{prefix}{FOLDERS}{FEED_NAMES}"
    archive_pattern = f"{prefix}{FOLDERS}archive/[0-9A-Za-z-]+/{FEED_NAMES}"
    return f"""\
# Requires these modules: a2enmod {" ".join(modules)}
# With TLS, the first line is <VirtualHost *:443>, and the module is ssl.
<VirtualHost *:80>
    ServerName {settings.host}
    # SSLEngine on
    # SSLCertificateFile {certificate}
    # SSLCertificateKeyFile {private_key}
{moved}{proxied}{_apache_precompressed(settings) if settings.precompress else ""}\
    Alias "{settings.prefix}" "{settings.output}/"
    <Directory "{settings.output}">
        Require all granted
        Options -Indexes -FollowSymLinks
        DirectoryIndex index.html
        FileETag MTime Size
{feed_types}        AddType {OPML.essence} .opml
        AddType {JSON.essence} .json
        AddType {HTML.essence} .html
        AddType {CSS.essence} .css
        AddCharset UTF-8 {" ".join(f".{extension}" for extension, _ in BY_EXTENSION)} .opml .html .css
        <Files "{JSON_NAME}">
            ForceType {JSON_FEED.essence}
        </Files>
        <FilesMatch "^\\.|\\.syndicate-new$">
            Require all denied
        </FilesMatch>
        Header always set Access-Control-Allow-Origin "*"
        Header always set Access-Control-Expose-Headers "{EXPOSED_HEADERS}"
        Header always set X-Content-Type-Options "nosniff"
        Header merge Vary "Accept-Encoding"
        Header set Cache-Control "public, max-age={settings.max_age_s}"
        <FilesMatch "\\.html(?:\\.gz|\\.br)?$">
            Header set Content-Security-Policy "{PAGE_POLICY}"
        </FilesMatch>
    </Directory>
{past_cache}\
    SetEnvIfExpr "%{{THE_REQUEST}} =~ m#^[A-Z]+ ({feed_pattern})(?:[?]| )#" syndicate_feed=$1
    SetEnvIfExpr "%{{THE_REQUEST}} =~ m#^[A-Z]+ ({archive_pattern})(?:[?]| )#" syndicate_archive=$1 !syndicate_feed
    Header set Link "{hubs}<{settings.origin}%{{syndicate_feed}}e>; rel=\\"self\\"" env=syndicate_feed
    Header set Link "<{settings.origin}%{{syndicate_archive}}e>; rel=\\"self\\"" env=syndicate_archive
</VirtualHost>
"""


def _apache_precompressed(settings: ServerSettings) -> str:
    types = (
        (re.escape(f"/{JSON_NAME}"), JSON_FEED),
        *((re.escape(f".{extension}"), media_type(f"x.{extension}")) for extension, _ in BY_EXTENSION),
        (r"(?<!/feed)\.json", JSON),
        (r"\.opml", OPML),
        (r"\.html", HTML),
        (r"\.css", CSS),
    )
    prefix, output = settings.prefix.replace(".", r"\."), settings.output
    # Apache finds the page of a folder after it has applied the rules.
    files = [*((f"(.*{ending})", "$1", kind) for ending, kind in types), ("((?:.*/)?)", "$1index.html", HTML)]
    lines = ["    RewriteEngine On"]
    for name, suffix in (("br", "br"), ("gzip", "gz")):
        for pattern, file, kind in files:
            flags = f"PT,L,T={kind.content_type},E=no-gzip:1,E=no-brotli:1"
            lines += [
                rf'    RewriteCond "%{{HTTP:Accept-Encoding}}" "(?:^|[\s,]){name}(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))"',
                f'    RewriteCond "{output}/{file}.{suffix}" -f',
                f'    RewriteRule "^{prefix}{pattern}$" "{settings.prefix}{file}.{suffix}" "[{flags}]"',
            ]
        lines += [
            f'    <FilesMatch "\\.{suffix}$">',
            f"        Header set Content-Encoding {name}",
            f"        RemoveType .{suffix}",
            f"        RemoveEncoding .{suffix}",
            "    </FilesMatch>",
        ]
    return "\n".join(lines) + "\n"
