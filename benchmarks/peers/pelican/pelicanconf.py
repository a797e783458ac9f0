"""Pelican: RSS and Atom of all records and per tag, made by its own feed writer.

Pelican cannot write JSON Feed, media:content or AMP links, and has no separate field for dc:creator.
It makes two formats where the others make three.
"""

SITENAME = "Bench"
SITEURL = "https://feeds.example.org"
FEED_DOMAIN = SITEURL
TIMEZONE = "UTC"
DEFAULT_LANG = "en"

PATH = "news"
ARTICLE_PATHS = [""]
PAGE_PATHS: list[str] = []
STATIC_PATHS: list[str] = []
OUTPUT_PATH = "public"
PLUGIN_PATHS = ["."]
PLUGINS = ["records"]

FEED_ALL_RSS = "rss.xml"
FEED_ALL_ATOM = "atom.xml"
TAG_FEED_RSS = "topics/{slug}/rss.xml"
TAG_FEED_ATOM = "topics/{slug}/atom.xml"
CATEGORY_FEED_ATOM = None
AUTHOR_FEED_ATOM = None
AUTHOR_FEED_RSS = None
TRANSLATION_FEED_ATOM = None
FEED_MAX_ITEMS = 50
RSS_FEED_SUMMARY_ONLY = False

# The compared job has no HTML pages.
ARTICLE_SAVE_AS = ""
DRAFT_SAVE_AS = ""
TAG_SAVE_AS = ""
CATEGORY_SAVE_AS = ""
AUTHOR_SAVE_AS = ""
DIRECT_TEMPLATES: list[str] = []
THEME_STATIC_PATHS: list[str] = []

# Pelican's own cache of parsed files: without it, Pelican parses an unchanged corpus again.
CACHE_CONTENT = True
LOAD_CONTENT_CACHE = True
CHECK_MODIFIED_METHOD = "mtime"
