"""Elements that feed readers do not show become links, and lazy pictures have their addresses."""

from __future__ import annotations

import pytest
from support.bodies import BASE, rendered, to_html
from support.fields import dated_record

V = "https://v.test/1"
LINK = f'<a href="{V}">{V}</a>'

ROWS = [
    ("frame", f'<iframe src="{V}"></iframe>', f"<p>{LINK}</p>"),
    ("frame with a title", f'<iframe src="{V}" title="A &amp; B"></iframe>', f'<p><a href="{V}">A &amp; B</a></p>'),
    ("frame in a text", f"a <iframe src={V}>old <b>browser</b></iframe> b", f"<p>a {LINK} b</p>"),
    ("lazy frame", f'<iframe src="about:blank" data-src="{V}"></iframe>', f"<p>{LINK}</p>"),
    ("frame of YouTube", '<iframe src="//www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0"></iframe>', '<p><a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">https://www.youtube.com/watch?v=dQw4w9WgXcQ</a></p>'),
    ("frame of Vimeo", '<iframe src="https://player.vimeo.com/video/12?h=1"></iframe>', '<p><a href="https://vimeo.com/12">https://vimeo.com/12</a></p>'),
    ("frame without an address", "a <iframe srcdoc='x'>y</iframe> b", "<p>a  b</p>"),
    ("embed", f'<div><embed src="{V}"></div>', f"<div>{LINK}</div>"),
    ("object", f'<object data="{V}"><embed src="https://v.test/2">old</object>', f"<p>{LINK}</p>"),
    ("object that only holds others", f'<object><param name="a" value="b"><embed src="{V}"></object>', f"<p>{LINK}</p>"),  # noqa: E501 - a row
    ("custom element", '<lite-youtube videoid="dQw4w9WgXcQ" playlabel="Play"><a href="/x">y</a></lite-youtube>', '<p><a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">Play</a></p>'),
    ("custom element with an address", f'<my-player src="{V}">x</my-player>', f"<p>{LINK}</p>"),
    ("custom element without", "<p><my-badge>x</my-badge></p>", "<p>x</p>"),
    ("script that shows code", '<script src="https://gist.github.com/u/0a.js"></script>', '<p><a href="https://gist.github.com/u/0a">https://gist.github.com/u/0a</a></p>'),
    ("video", '<video src="/a.mp4" autoplay muted></video>', '<p><video src="https://www.test/a.mp4" controls=""></video></p>'),  # noqa: E501 - a row
    ("lazy video", '<video data-src="/a.mp4"></video>', '<p><video src="https://www.test/a.mp4" controls=""></video></p>'),  # noqa: E501 - a row
    ("video of sources", '<video><source src="/a.mp4" type="video/mp4"></video>', '<p><video controls=""><source src="https://www.test/a.mp4" type="video/mp4"></video></p>'),  # noqa: E501 - a row
    ("noscript", '<p>a <noscript><img src="/b.png" alt="B"></noscript> c</p>', '<p>a <img src="https://www.test/b.png" alt="B"> c</p>'),  # noqa: E501 - a row
    ("lazy picture", '<img src="data:image/gif;base64,A" data-src="/a.png" alt="A">', '<img src="https://www.test/a.png" alt="A">'),  # noqa: E501 - a row
    ("lazy picture of other names", '<img data-lazy-src="/a.png"><img data-original="/b.png">', '<p><img src="https://www.test/a.png"><img src="https://www.test/b.png"></p>'),  # noqa: E501 - a row
    ("lazy picture and its noscript", '<img data-src="/a.png">\n<noscript><img src="/a.png"></noscript>', '<img src="https://www.test/a.png">'),
    ("a picture twice", '<img src="/a.png"><img src="/a.png">', '<p><img src="https://www.test/a.png"><img src="https://www.test/a.png"></p>'),
    ("other data", '<img src="/a.png" data-note="x">', '<img src="https://www.test/a.png">'),
    ("largest of a set", '<img srcset="a.png 1x, b.png 2x,c.png 1.5x">', f'<img src="{BASE}b.png">'),
    ("set beside a source", '<img src="a.png" srcset="b.png 2x">', f'<img src="{BASE}a.png">'),
    ("picture element", '<picture><source srcset="a.webp 400w, b.webp 800w"><img src="c.png"></picture>', f'<p><img src="{BASE}c.png"></p>'),  # noqa: E501 - a row
    ("lazy picture element", '<picture><source srcset="a.webp 400w, b.webp 800w"><img alt="B"></picture>', f'<p><img src="{BASE}b.webp" alt="B"></p>'),  # noqa: E501 - a row
    ("progress", '<p><progress value="3" max="4"></progress> <meter value="0.5">half</meter> <progress></progress></p>', "<p>75% 50% </p>"),  # noqa: E501 - a row
    ("check boxes", '<p><input type="checkbox" checked disabled>a <input type=radio>b <input value="c"></p>', "<p>☑ a ☐ b </p>"),  # noqa: E501 - a row
    ("hidden", '<div>a<p hidden>b <b>c</b></p><p style="color:red;display:none">d</p>e</div>', "<div>ae</div>"),
    ("dialog", "<dialog>a</dialog><dialog open>b</dialog>", "b"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "html"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_embedded_elements_are_rewritten(body: str, html: str) -> None:
    assert to_html(body).replace("</dialog>", "") == html


NOT_SHOWN = [
    "<p hidden>", "<div hidden=''>", "<div class='a'hidden>", "<section hidden>", "<article HIDDEN=until-found>",
    "<font hidden=false>", "<label\thidden>", "<foo hidden>", "<my-box hidden>", "<div popover>",
    "<p title='>' hidden>", "<span style='display:none'>", "<aside STYLE='Display : None !important'>",
    "<tt style='display:/**/none'>", "<ul style='color:red; visibility:hidden'>", "<big style='d\\69splay:none'>",
    "<main style='display&#58;none'>", "<p style='display:block;display:none'>",
    "<p style='display:none!important;display:block'>", "<p style='content-visibility:hidden'>",
    "<p style='visibility:collapse'>", "<dialog>", "<textarea>", "<template>", "<datalist>",
]  # fmt: skip
SHOWN = [
    "<p aria-hidden=true>", "<p data-hidden>", "<p class=hidden>", "<p style='color:red'>", "<p style='display:'>",
    "<p style='display:none;display:block'>", "<p style='display:none;display:block!important'>",
]  # fmt: skip


@pytest.mark.parametrize("tag", NOT_SHOWN)
def test_element_that_a_browser_does_not_show_is_left_out(tag: str) -> None:
    name = tag[1:].split(maxsplit=1)[0].strip(">").lower()
    assert to_html(f"<div>a{tag}b <b>c</b></{name}></div>\n\nd") == "<div>a</div>\n<p>d</p>"


@pytest.mark.parametrize("tag", SHOWN)
def test_element_that_a_browser_shows_is_kept(tag: str) -> None:
    assert to_html(f"<div>a{tag}b</p></div>") == "<div>a<p>b</p></div>"


def test_hidden_element_may_hold_several_blocks() -> None:
    assert to_html("<div hidden>\n\nb *c*\n\n- d\n\n</div>\n\ne") == "<p>e</p>"
    assert to_html("<section><p hidden>a</p><p>b</p></section>\n\n<form><input type=hidden value=c>d</form>") == (
        "<p>b</p>\nd"
    )


def test_prose_about_hidden_things_is_kept() -> None:
    shown = "<p>It is hidden, style = bold: <code>display:none</code>.</p>"
    assert to_html("It is hidden, style = bold: `display:none`.") == shown


def test_summary_and_title_hold_no_hidden_text() -> None:
    record = dated_record(body="<p hidden>secret</p>\n\nshown", path="a.md")
    assert record.entry is not None
    assert "secret" not in repr(record.entry)


LOSSES = [
    ("a\n\n<script>x</script>", ["1 <script> element was left out"], 3),
    ("a\n[b](javascript:c) [d](data:e)", ["2 links with an unusable address were left out (first: javascript:c)"], 2),
    ("![a](data:image/png;base64,A)", ["1 picture with an unusable address was left out (first: data:image/png;base64,A)"], 1),  # noqa: E501 - a row
    ("[a](https://me:pw@b.test/)", ["1 link with an unusable address was left out (first: https://me:pw@b.test/)"], 1),
    ('<img src="data:,x" data-src="/a.png">', [], 0),
    ('<script src="https://gist.github.com/u/0a.js"></script>', [], 0),
    ("`<script>` and `[x](javascript:y)`", [], 0),
]  # fmt: skip


@pytest.mark.parametrize(("body", "messages", "line"), LOSSES, ids=[row[0][:20] for row in LOSSES])
def test_elements_that_are_left_out_are_counted(body: str, messages: list[str], line: int) -> None:
    losses = rendered(body).losses
    assert [str(loss) for loss in losses] == messages
    assert [loss.line for loss in losses] == [line] * bool(line)
