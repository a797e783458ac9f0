"""Example configurations: the smallest valid one, and one that sets every key."""

# ruff: noqa: E501 - one line for each section

SMALL = """\
site:
  title: Test Site
  url: https://feeds.test
  id: feeds.test,2026
corpus:
  path: news
"""

FULL = """\
site:
  title: "  Test
    Site "
  url: "https://feeds.test/sub"
  id: "jane@feeds.test,2026-03-09"
  home: "https://www.test"
  language: pt_br
  description: D
  rights: R
  icon: "https://www.test/i con.png"
  logo: "https://www.test/l.png"
  timezone: Europe/Berlin
corpus:
  - {path: news, include: "*.md", exclude: [a/**, b], fields: {title: headline, topics: [rubric, extra.tags]}, timezone: Asia/Tokyo, max_bytes: 9}
  - {path: ./blog/}
  - {path: old}
feeds:
  limit: 7
  by: [topics, series, extra.kind, topics]
  all: false
  formats: [json, rss, json]
  opml: json
  include_children: yes
  archive: day
  deleted_days: 7
  link: cdn
  related: 0
  content: [source, image, source]
  words: {pt_br: {source: "Via {name}", related: Mais}, de: {video: Film}}
  where: {min_quality: -1, min_heat: 2, types: article, topics: [A, B]}
  custom:
    big: {title: Big, description: D, where: {min_quality: 60}}
    v1.0: {title: Films}
topics:
  C++: {slug: cpp, title: T, description: D, aliases: [CPP, cee plus]}
  2020: {}
  Open   Data:
  C: {shortname: Sea, parent: CPP, keywords: [a, "b, c", a]}
  from: {parent: 2020, keywords: "x, y  z,", moved_from: [old, v1.0]}
amp: {cache: amp.test, links: true}
hubs: ["https://hub.test/?a=b c", {url: "https://two.test", header_env: TOKEN, concurrency: 3}]
push: {pages: yes, verify: no, verify_timeout_s: 90, unverified: fail, timeout_s: 2.5, concurrency: 5, attempts: 15, window_h: 0.5}
serve: {host: "::1", port: 0, max_age_s: 0, archive_max_age_s: 9, stale_after_h: 0.5}
worker: {poll: true}
precompress: yes
guard: {max_loss: 12.5 %}
api: {public: yes, partners: who.yaml}
pages: no
templates: look
output: ../out
state: /var/lib/syndicate
"""
