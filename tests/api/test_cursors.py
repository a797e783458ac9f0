"""Cursors are opaque: they reveal nothing, cannot be made or changed by others, and outlive the server."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api_server import Client, Clock, get, local, pages, served, titles
from support.editable_sites import EditableSite

from syndicate.api import partners
from syndicate.api.cursor_key import CursorKey
from syndicate.api.cursors import (
    ChangeCursor,
    CursorCodec,
    FeedsCursor,
    MalformedCursorError,
    PageCursor,
    UnreadableCursorError,
)
from syndicate.errors import StoreError

CHANGES = ChangeCursor("a" * 12, "b" * 12, "epoch", 7, 12)
NUMBERS = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture
def codec(tmp_path: Path) -> CursorCodec:
    return CursorCodec(CursorKey(str(tmp_path)))


@given(st.builds(ChangeCursor, st.text("af09", max_size=12), st.text("af"), st.text("e1"), NUMBERS, NUMBERS), NUMBERS)
def test_cursor_is_decoded_as_it_was(cursor: ChangeCursor, published: int) -> None:
    codec = CursorCodec(_FixedKey())
    assert codec.decode_change_cursor(codec.encode(cursor)) == cursor
    page = PageCursor(published, "tag:ü", cursor)
    assert codec.decode_page_cursor(codec.encode(page)) == page
    feeds = FeedsCursor("topics", "é")
    assert codec.decode_feeds_cursor(codec.encode(feeds)) == feeds


class _FixedKey(CursorKey):
    def __init__(self) -> None:
        super().__init__("")

    def get(self) -> bytes:
        return bytes(range(64))


def test_cursors_reveal_neither_their_parts_nor_that_they_are_equal(codec: CursorCodec) -> None:
    texts = [codec.encode(CHANGES), codec.encode(CHANGES), codec.encode(CHANGES._replace(seq=10**15))]
    assert len(set(texts)) == 3
    assert len({len(text) for text in texts}) == 1
    for text in texts:
        assert b"epoch" not in base64.urlsafe_b64decode(text + "==")


def test_changed_cursor_is_refused(codec: CursorCodec) -> None:
    content = bytearray(base64.urlsafe_b64decode(codec.encode(CHANGES) + "=="))
    for position in range(len(content)):
        content[position] ^= 1
        with pytest.raises((MalformedCursorError, UnreadableCursorError)):
            codec.decode_change_cursor(base64.urlsafe_b64encode(content).decode().rstrip("="))
        content[position] ^= 1


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda content: base64.urlsafe_b64encode(content).decode()))
def test_other_text_is_refused(text: str) -> None:
    codec = CursorCodec(_FixedKey())
    for decode in (codec.decode_change_cursor, codec.decode_page_cursor, codec.decode_feeds_cursor):
        with pytest.raises((MalformedCursorError, UnreadableCursorError)):
            decode(text)


def test_cursor_of_another_kind_is_malformed(codec: CursorCodec) -> None:
    page, changes = codec.encode(PageCursor(1, "a", CHANGES)), codec.encode(CHANGES)
    for decode, text in ((codec.decode_change_cursor, page), (codec.decode_page_cursor, changes)):
        with pytest.raises(MalformedCursorError):
            decode(text)


# ----------------------------------------------------------------------------------------------------------------- key


def test_servers_of_one_state_share_a_key_that_only_the_owner_may_read(tmp_path: Path) -> None:
    keys = [CursorKey(str(tmp_path)) for _ in range(3)]
    assert len({key.get() for key in keys}) == 1
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    assert keys[0].get() == keys[1].get()


@pytest.mark.parametrize("kind", ["short", "link", "pipe"])
def test_damaged_key_is_replaced(kind: str, tmp_path: Path) -> None:
    secret = tmp_path / "other"
    secret.write_bytes(b"x" * 64)
    state = tmp_path / "state"
    state.mkdir()
    file = state / "cursor.key"
    match kind:
        case "short":
            file.write_bytes(b"")
        case "link":
            file.symlink_to(secret)
        case _:
            os.mkfifo(file)
    key = CursorKey(str(state)).get()
    assert len(key) == 64
    assert key != b"x" * 64
    assert secret.read_bytes() == b"x" * 64


def test_state_that_cannot_be_written_is_an_error_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        CursorKey(str(tmp_path / "none")).get()


# ----------------------------------------------------------------------------------------------------------------- API


def old_cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


async def test_cursor_of_an_earlier_version_is_expired(site: EditableSite) -> None:
    site.record("a.md")
    site.build()
    async with served(site) as client:
        since = old_cursor("a" * 12, "b" * 12, "e", 1, 1)
        assert "empty since" in (await get(client, f"/entries?since={since}", status=410))["detail"]
        cursor = old_cursor(1, "id", "a" * 12, "b" * 12, "e", 1, 1)
        assert "first page" in (await get(client, f"/entries?cursor={cursor}", status=410))["detail"]


async def test_cursor_outlives_the_server(site: EditableSite) -> None:
    site.record("a.md")
    site.build()
    async with served(site) as client:
        since = (await get(client, "/entries"))["_syndicate"]["since"]
    async with served(site) as client:
        assert (await get(client, f"/entries?since={since}"))["items"] == []
        (site.state / "cursor.key").unlink()
        await get(client, f"/entries?since={since}", status=410)


async def responses_of(client: Client, path: str, key: str, etag: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {key}", "If-None-Match": etag}
    async with client.get(f"/api/v1{path}", headers=headers) as response:
        return response.status, response.headers["ETag"]


async def test_restricted_partner_does_not_notice_changes_of_other_topics(site: EditableSite) -> None:
    site.settings["api"] = {}
    site.record("a.md", topics=["One"])
    site.build()
    key = partners.add(str(site.folder / "partners.yaml"), "acme", ("One",), 600)
    async with served(site, Clock()) as client:
        bearer = {"Authorization": f"Bearer {key}"}
        since = (await get(client, "/entries", **bearer))["_syndicate"]["since"]
        paths = ["/entries", "/entries?since=", f"/entries?since={since}", "/feeds"]
        before = [await responses_of(client, path, key) for path in paths]
        site.record("secret.md", topics=["Two"])
        site.build()
        for path, (_, etag) in zip(paths, before, strict=True):
            assert await responses_of(client, path, key, etag) == (304, etag), path
        site.record("b.md", topics=["One"])
        site.build()
        for path, (_, etag) in zip(paths[:3], before, strict=False):
            assert (await responses_of(client, path, key, etag))[0] == 200, path


async def test_catalogue_is_cut_into_pages(site: EditableSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.api.entries.MAX_PAGE_BYTES", 1500)
    for number in range(20):
        site.record(f"{number}.md", topics=[f"Topic {number}"])
    site.build()
    async with served(site) as client:
        found = await pages(client, "/feeds")
        assert len(found) > 5
        assert len(titles(*found)) == len(set(titles(*found))) == 21
        next_url = str(local(found[0]["next_url"])).removeprefix("/api/v1")
        await get(client, next_url + "x", status=410)
        await get(client, "/entries?" + next_url.partition("?")[2], status=400)
