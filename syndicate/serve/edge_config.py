"""Configurations of CDNs for what a bucket cannot do: `Link`, security headers, 301 for moved feeds, 410 for removed.

A function or a rule at the edge sees the path of a request, which is enough: a document's `Link` follows from its path
and the hubs. Media types and `Cache-Control` are those of the objects.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from ..formats import file_name_pattern, file_names
from .headers import EXPOSED_HEADERS, PAGE_POLICY

_MOST_REMOVED = 100  # functions at the edge are small
_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", EXPOSED_HEADERS),
    ("X-Content-Type-Options", "nosniff"),
)


class EdgeSettings(NamedTuple):
    """The values that the configurations contain.

    `origin` and `prefix` are the site's URL before and from its path, `hubs` the hub part of `Link` fields, `moved`
    pairs of old and new folders, `removed` the paths of removed documents.
    """

    origin: str
    prefix: str
    hubs: str
    max_age_s: int
    moved: Sequence[tuple[str, str]]
    removed: Sequence[str]

    @property
    def redirects(self) -> dict[str, str]:
        """The folders of feeds that moved, by their old path; both begin with the site's."""
        return {f"{self.prefix}{old}": f"{self.prefix}{new}" for old, new in self.moved}

    @property
    def gone(self) -> list[str]:
        """The paths of documents that were removed, at most a hundred."""
        return [f"{self.prefix}{path}" for path in sorted(self.removed)[:_MOST_REMOVED]]


def cloudflare(settings: EdgeSettings) -> str:
    """Returns a `_headers` file for Pages. Rules for a zone in front of a bucket are in its comments."""
    root, origin = settings.prefix, settings.origin
    lines = [f"{root}*", *(f"  {name}: {value}" for name, value in _HEADERS)]
    lines += [f"  Content-Security-Policy: {PAGE_POLICY}", f"  Cache-Control: public, max-age={settings.max_age_s}"]
    for name in file_names():
        for folder in (":dimension", ":dimension/:feed"):
            path = f"{root}{folder}/{name}"
            archive = f"{root}{folder}/archive/:period/{name}"
            lines += [path, f'  Link: {settings.hubs}<{origin}{path}>; rel="self"']
            lines += [archive, f'  Link: <{origin}{archive}>; rel="self"']
    if settings.moved:
        lines += ["# For the file _redirects:"]
        lines += [f"# {old}/* {new}/:splat 301" for old, new in settings.redirects.items()]
    lines += ["# For a zone in front of a bucket (Rules > Transform Rules > Modify Response Header):"]
    lines += [f"# {json.dumps(rule)}" for rule in _cloudflare_rules(settings)]
    return "\n".join(lines) + "\n"


def _cloudflare_rules(settings: EdgeSettings) -> list[dict[str, object]]:
    """Returns response header transform rules, as the Rulesets API takes them."""
    path = "http.request.uri.path"
    is_feed = " or ".join(f'ends_with({path}, "/{name}")' for name in file_names())
    is_archive = f'{path} contains "/archive/"'
    within = f'starts_with({path}, "{settings.prefix}")'

    def rule(expression: str, headers: dict[str, dict[str, str]]) -> dict[str, object]:
        return {"expression": expression, "action": "rewrite", "action_parameters": {"headers": headers}}

    def link(hubs: str) -> dict[str, dict[str, str]]:
        before = json.dumps(f"{hubs}<{settings.origin}")
        return {"Link": {"operation": "set", "expression": f'concat({before}, {path}, ">; rel=\\"self\\"")'}}

    return [
        rule(within, {name: {"operation": "set", "value": value} for name, value in _HEADERS}),
        rule(f"{within} and ({is_feed}) and not {is_archive}", link(settings.hubs)),
        rule(f"{within} and ({is_feed}) and {is_archive}", link("")),
    ]


def cloudfront(settings: EdgeSettings) -> str:
    """Returns a function for viewer requests and viewer responses (CloudFront Functions, JavaScript runtime 2.0)."""
    page_pattern = r"/(?:\/|\.html)$/"
    return f"""\
// Associate it with viewer request and viewer response.
const PREFIX = {json.dumps(settings.prefix)};
const ORIGIN = {json.dumps(settings.origin)};
const HUBS = {json.dumps(settings.hubs)};
const MOVED = {json.dumps(settings.redirects, indent=2)};
const GONE = {json.dumps(settings.gone, indent=2)};
const HEADERS = {json.dumps({name.lower(): value for name, value in _HEADERS}, indent=2)};
const FEED = /\\/{file_name_pattern()}$/;
const PAGE = {page_pattern};

function request(event) {{
  const request = event.request;
  const path = request.uri;
  for (const old in MOVED) {{
    if (path === old || path.startsWith(old + '/')) {{
      const location = MOVED[old] + path.substring(old.length);
      return {{statusCode: 301, statusDescription: 'Moved Permanently', headers: {{location: {{value: location}}}}}};
    }}
  }}
  if (GONE.includes(path)) {{
    return {{statusCode: 410, statusDescription: 'Gone', headers: {{'cache-control': {{value: 'no-cache'}}}}}};
  }}
  if (path.endsWith('/')) {{
    request.uri = path + 'index.html';
  }}
  return request;
}}

function response(event) {{
  const response = event.response;
  const path = event.request.uri;
  const headers = response.headers;
  for (const name in HEADERS) {{
    headers[name] = {{value: HEADERS[name]}};
  }}
  if (path.startsWith(PREFIX) && FEED.test(path)) {{
    const hubs = path.includes('/archive/') ? '' : HUBS;
    headers.link = {{value: hubs + '<' + ORIGIN + path + '>; rel="self"'}};
  }}
  if (PAGE.test(path)) {{
    headers['content-security-policy'] = {{value: {json.dumps(PAGE_POLICY)}}};
  }}
  return response;
}}

function handler(event) {{
  return event.context.eventType === 'viewer-request' ? request(event) : response(event);
}}
"""


def fastly(settings: EdgeSettings) -> str:
    """Returns VCL snippets for Fastly, each under the name of the subroutine that it belongs to."""
    feed = rf"^{_escaped(settings.prefix)}.*/{file_name_pattern()}$"
    moved = "".join(
        f'if (req.url.path ~ "^{_escaped(old)}(/|$)") {{\n'
        f'  set req.http.X-Moved-To = regsub(req.url.path, "^{_escaped(old)}", "{new}");\n  error 801;\n}}\n'
        for old, new in settings.redirects.items()
    )
    gone = "".join(f'if (req.url.path == "{path}") {{\n  error 810;\n}}\n' for path in settings.gone)
    headers = "".join(f'set resp.http.{name} = "{value}";\n' for name, value in _HEADERS)
    return f"""\
# Snippet of type recv
{moved}{gone}if (req.url.path ~ "/$") {{
  set req.url = req.url.path "index.html";
}}

# Snippet of type fetch
set beresp.http.Surrogate-Key = beresp.http.x-amz-meta-surrogate-key;

# Snippet of type error
if (obj.status == 801) {{
  set obj.status = 301;
  set obj.response = "Moved Permanently";
  set obj.http.Location = req.http.X-Moved-To;
  return(deliver);
}}
if (obj.status == 810) {{
  set obj.status = 410;
  set obj.response = "Gone";
  set obj.http.Cache-Control = "no-cache";
  return(deliver);
}}

# Snippet of type deliver
{headers}if (req.url.path ~ "{feed}") {{
  if (req.url.path ~ "/archive/") {{
    set resp.http.Link = "<{settings.origin}" req.url.path {{">; rel="self""}};
  }} else {{
    set resp.http.Link = {{"{settings.hubs}<{settings.origin}"}} req.url.path {{">; rel="self""}};
  }}
}}
if (req.url.path ~ "(/|\\.html)$") {{
  set resp.http.Content-Security-Policy = "{PAGE_POLICY}";
}}
"""


def _escaped(path: str) -> str:
    return path.replace(".", r"\.")
