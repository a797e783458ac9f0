"""Tests of HTML pages in Chromium with independent checkers: accessibility, layout, scripts and feed discovery."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
from support.page_sites import Tools, make_edge_cases, make_site, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route

if "SYNDICATE_TEST_PAGES" not in os.environ:
    pytest.skip("browser and checkers are missing: run make test-pages", allow_module_level=True)

pytestmark = pytest.mark.xdist_group("browser")

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SAMPLE = ["/", "/all/", "/topics/", "/topics/open-data/"]
EDGE_CASES = ["/topics/long/", "/topics/unbroken/", "/topics/hebrew/", "/topics/hostile/", "/topics/empty/", "/topics/",
    "/ar/", "/ar/topics/long/", "/ja/", "/ja/topics/long/"]  # fmt: skip
TOPIC = "/topics/open-data/"
ADDRESSES = [f"https://feeds.example.org/topics/open-data/feed.{name}" for name in ("rss", "atom", "json")]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def _png() -> bytes:
    """Returns a gray image: those of the entries are on hosts that do not exist."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\x88\x99\xaa\x88" * 3)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


PICTURE = _png()


@pytest.fixture(scope="module")
def folder(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of the sample."""
    folder = tmp_path_factory.mktemp("sample") / "feeds"
    make_site(folder)
    return folder


@pytest.fixture(scope="module")
def sample(folder: Path) -> Iterator[str]:
    """The address of the sample."""
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def edge_cases_folder(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of edge cases."""
    folder = tmp_path_factory.mktemp("edge_cases")
    make_edge_cases(folder)
    return folder


@pytest.fixture(scope="module")
def edge_cases(edge_cases_folder: Path) -> Iterator[str]:
    """The address of the edge cases."""
    with served(edge_cases_folder) as address:
        yield address


Opener = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """Opens an address. Fails at the end if there were console messages, errors, or requests to other hosts."""
    faults: list[str] = []
    contexts = []

    def answer(route: Route, request: Request) -> None:
        if request.resource_type != "image" or "referer" in request.headers:
            faults.append(f"requested {request.url} ({request.resource_type})")
        route.fulfill(body=PICTURE, content_type="image/png")

    def failed(request: Request) -> None:
        # Following a link aborts the pictures that are still loading.
        if request.failure != "net::ERR_ABORTED":
            faults.append(f"failed: {request.url} ({request.failure})")

    def opened(url: str, **how: Any) -> Page:
        base = "/".join(url.split("/")[:3])
        context = browser.new_context(**{"viewport": DESKTOP} | how)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: faults.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: faults.append(f"error: {error}"))
        tab.on("requestfailed", failed)
        tab.on("response", lambda r: faults.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
        tab.route(lambda requested: not requested.startswith(base), answer)
        tab.goto(url)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


# ------------------------------------------------------------------------------------------------- every page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", SAMPLE)
def test_page_is_accessible_and_fits_its_window(
    path: str, size: dict[str, int], scheme: str, sample: str, tools: Tools, open_page: Opener
) -> None:
    tab = open_page(sample + path, viewport=size, color_scheme=scheme)
    assert_accessible(tab, size, tools)


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", EDGE_CASES)
def test_edge_case_is_accessible_and_fits_its_window(
    path: str, size: dict[str, int], scheme: str, edge_cases: str, tools: Tools, open_page: Opener
) -> None:
    tab = open_page(edge_cases + path, viewport=size, color_scheme=scheme)
    assert_accessible(tab, size, tools)


def assert_accessible(tab: Page, size: dict[str, int], tools: Tools) -> None:
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
    # Evaluated through the debugger, which the content security policy does not restrict.
    tab.evaluate(tools.axe.read_text(encoding="utf-8"))
    found = tab.evaluate("rules => axe.run({runOnly: rules})", RULES)
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert found["passes"]


def test_html_checker_reports_nothing(folder: Path, edge_cases_folder: Path, tools: Tools) -> None:
    documents = [str(file) for where in (folder, edge_cases_folder) for file in sorted(where.rglob("*.html"))]
    checked = subprocess.run(
        ["java", "-Xss8m", "-jar", str(tools.html_checker), "--format", "json", *documents],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    # The checker guesses the language of texts.
    messages = [each for each in json.loads(checked.stderr)["messages"] if "to be written in" not in each["message"]]
    assert [(each["url"], each.get("lastLine"), each["message"]) for each in messages] == []


def test_images_are_requested_without_a_referrer(sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample}{TOPIC}")
    picture = tab.locator("article img").first
    picture.scroll_into_view_if_needed()
    tab.wait_for_function("picture => picture.complete && picture.naturalWidth", arg=picture.element_handle())


def test_missing_image_is_hidden(sample: str, browser: Browser) -> None:
    tab = browser.new_page()
    tab.route("**/*.jpg", lambda route: route.fulfill(status=404))
    tab.route(
        lambda requested: not requested.startswith(sample) and not requested.endswith(".jpg"),
        lambda route: route.abort(),
    )
    tab.goto(f"{sample}{TOPIC}")
    picture = tab.locator(".picture").first
    picture.wait_for(state="hidden")
    assert tab.locator("article").first.is_visible()
    tab.close()


def test_card_of_a_right_to_left_entry_is_mirrored(sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample}/all/")
    card = tab.locator("article[dir=rtl]").first
    title, picture = card.locator("h3").bounding_box(), card.locator("img").bounding_box()
    assert title
    assert picture
    assert picture["x"] < title["x"]


def test_first_entry_is_visible_on_a_phone_without_scrolling(sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample}{TOPIC}", viewport=PHONE)
    title = tab.locator("h3").first.bounding_box()
    assert title
    assert title["y"] + title["height"] < PHONE["height"]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_entries_stand_in_one_column_in_order_of_time(size: dict[str, int], sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample}/all/", viewport=size)
    boxes = [each.bounding_box() for each in tab.locator("article").all()]
    assert len({box["x"] for box in boxes if box}) == 1
    times = tab.evaluate("[...document.querySelectorAll('article time')].map(time => time.dateTime)")
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_text_beside_a_picture_leaves_no_hole(size: dict[str, int], sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample}{TOPIC}", viewport=size)
    holes = tab.evaluate(
        """() => [...document.querySelectorAll("article")].map(article => {
            const parts = [...article.querySelectorAll(".text > *")].map(part => part.getBoundingClientRect());
            return Math.max(...parts.slice(1).map((part, index) => part.top - parts[index].bottom));
        })"""
    )
    assert max(holes) <= 16


def test_nothing_moves_while_pictures_load_or_fail(sample: str, browser: Browser) -> None:
    tab = browser.new_page(viewport=DESKTOP)
    waiting: list[Route] = []
    tab.route(lambda requested: not requested.startswith(sample), lambda route: waiting.append(route))  # noqa: PLW0108 - playwright marks its handlers
    with tab.expect_request(lambda request: request.resource_type == "image" and sample not in request.url):
        tab.goto(f"{sample}{TOPIC}", wait_until="domcontentloaded")
    tops = "[...document.querySelectorAll('h3')].map(title => title.getBoundingClientRect().top)"
    before = tab.evaluate(tops)
    tab.wait_for_function("document.querySelector('article img').getBoundingClientRect().height > 0")
    waiting[0].fulfill(body=PICTURE, content_type="image/png")
    tab.wait_for_function("document.querySelector('article img').naturalWidth > 0")
    assert tab.evaluate(tops) == before
    for route in waiting[1:]:
        route.abort()
    tab.close()


# --------------------------------------------------------------------------------------------------- interaction


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_search_finds_a_topic_and_opens_it(size: dict[str, int], sample: str, open_page: Opener) -> None:
    tab = open_page(sample, viewport=size)
    shown = tab.locator(".rows > li:visible")
    everything, counts = shown.count(), tab.locator(".find li").all_inner_texts()
    tab.get_by_label("Find a feed").press_sequentially("OPÉN dat")
    assert shown.locator("a").all_inner_texts() == ["Open Data"]
    assert tab.locator("#found").inner_text() == "Found: 1"
    assert tab.locator("h2:visible").all_inner_texts() == ["Other topics 1"]
    assert tab.locator(".find li").all_inner_texts() == ["R&D 0", "Other topics 1", "Providers 0", "Custom feeds 0"]
    tab.get_by_role("link", name="Open Data").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "Open Data"
    tab.go_back()
    tab.get_by_label("Find a feed").fill("")
    assert shown.count() == everything
    assert tab.locator(".find li").all_inner_texts() == counts


def test_search_reports_no_result(sample: str, open_page: Opener) -> None:
    tab = open_page(sample)
    tab.get_by_label("Find a feed").fill("no such feed")
    assert tab.locator("#found").inner_text() == "Found: 0"


def test_address_is_copied_by_keyboard_and_announced(sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample}{TOPIC}", permissions=["clipboard-read", "clipboard-write"])
    tab.get_by_text("Subscribe", exact=True).click()
    button = tab.get_by_role("button", name="Copy the Atom address")
    button.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.getElementById('said').textContent")
    assert button.inner_text() == "Copied"
    assert tab.evaluate("navigator.clipboard.readText()") == ADDRESSES[1]
    assert tab.get_by_role("status").text_content() == f"Copied: {ADDRESSES[1]}"
    tab.wait_for_function("button => button.textContent === 'Copy'", arg=button.element_handle())


def test_address_is_copied_without_https(sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample}{TOPIC}", permissions=["clipboard-read"])
    tab.get_by_text("Subscribe", exact=True).click()
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
    tab.get_by_role("button", name="Copy the RSS address").click()
    tab.wait_for_function("document.getElementById('said').textContent.startsWith('Copied')")
    tab.evaluate("delete navigator.clipboard")
    assert tab.evaluate("navigator.clipboard.readText()") == ADDRESSES[0]


def test_keyboard_focus_follows_the_visual_order(sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample}{TOPIC}")

    def reach(count: int) -> list[str]:
        reached = []
        for _ in range(count):
            tab.keyboard.press("Tab")
            reached.append(tab.evaluate("document.activeElement.textContent.trim()"))
        return reached

    assert reach(4) == ["Skip to the content", "Field Notes on Open Science and Software", "Topics", "Subscribe"]
    tab.keyboard.press("Enter")
    assert reach(4) == ["Feedly", "Inoreader", "NewsBlur", "The Old Reader"]
    assert reach(6) == [text for address in ADDRESSES for text in (address, "Copy")]
    assert reach(2) == ["New to feeds?", tab.locator("h3").first.inner_text()]
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_pages_are_readable_without_scripts(sample: str, open_page: Opener) -> None:
    tab = open_page(sample, java_script_enabled=False)
    assert tab.locator(".rows > li:visible").count() == tab.locator(".rows > li").count() > 30
    assert not tab.locator("#search").is_visible()
    tab.goto(f"{sample}{TOPIC}")
    tab.get_by_text("Subscribe", exact=True).click()
    assert tab.get_by_role("link", name=ADDRESSES[0]).is_visible()
    assert tab.locator("button:visible").count() == 0


def test_pages_can_be_browsed_from_disk(folder: Path, browser: Browser) -> None:
    tab = browser.new_page()
    tab.goto(folder.joinpath("index.html").as_uri())
    tab.get_by_role("link", name="Open Data").click()
    tab.get_by_role("link", name="All feeds", exact=True).click()
    assert tab.url == folder.joinpath("index.html").as_uri()
    tab.close()


def test_three_thousand_topics_are_searched_while_typing(edge_cases: str, open_page: Opener) -> None:
    tab = open_page(edge_cases, viewport=PHONE)
    assert tab.locator(".rows > li").count() == 3001
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    search = tab.get_by_label("Find a feed")
    search.fill("number")
    took_ms = tab.evaluate(
        """() => {
            const search = document.getElementById("search"), started = performance.now();
            search.value = "number 2990";
            search.dispatchEvent(new Event("input"));
            return performance.now() - started;
        }"""
    )
    assert tab.locator(".rows > li:visible a").all_inner_texts() == ["Topic number 2990"]
    assert took_ms < 200


# ------------------------------------------------------------------------------------------------ other clients

# The client does not fetch from loopback addresses itself.
_DISCOVER = """
import sys
from urllib.request import urlopen
from trafilatura.feeds import FeedParameters, determine_feed
fetched_from, address = sys.argv[1:]
host = "/".join(address.split("/")[:3])
print(*determine_feed(urlopen(fetched_from).read(), FeedParameters(host, host, address)), sep="\\n")
"""


@pytest.mark.parametrize(
    ("path", "found"), [(TOPIC, ADDRESSES), ("/", [a.replace("topics/open-data", "all") for a in ADDRESSES])]
)
def test_independent_client_discovers_the_feeds_of_a_page(
    path: str, found: list[str], sample: str, folder: Path, tools: Tools
) -> None:
    printed = subprocess.run(
        [str(tools.python), "-c", _DISCOVER, sample + path, f"https://feeds.example.org{path}"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert printed.stdout.split() == found
    for address in found:
        document = folder.joinpath(address.removeprefix("https://feeds.example.org/")).read_bytes()
        assert address.endswith("json") or feedparser.parse(document).entries


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feed_is_readable_in_a_browser(name: str, sample: str, open_page: Opener) -> None:
    tab = open_page(f"{sample.removesuffix('/')}/topics/open-data/feed.{name}")
    seen = tab.evaluate(
        "[...document.querySelectorAll('*')].filter(e => e.getClientRects().length).map(e => e.localName)"
    )
    titles = tab.evaluate("[...document.querySelectorAll('title')].filter(e => e.getClientRects().length).length")
    assert titles == 14
    assert not {"guid", "id", "encoded", "content", "generator", "category", "creator"} & set(seen)
