"""Partners: keys, rights and rates, and no response with data to which the client has no right."""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.api_server import Clock, get, local, pages, served, titles
from support.editable_sites import EditableSite

from syndicate.api import partners
from syndicate.api.partners import Partner, authenticate, hash_key
from syndicate.cli import main
from syndicate.errors import ConfigError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def closed(site: EditableSite) -> EditableSite:
    """A site whose API requires a key, with one entry in each of two topics."""
    site.settings["api"] = {}
    site.settings["topics"] = {"One": {"aliases": ["First"]}}
    site.record("a.md", title="Alpha", topics=["One"], secured="no business of yours")
    site.record("b.md", title="Beta", topics=["Two"])
    site.build()
    return site


@pytest.fixture
def run(closed: EditableSite, capsys: pytest.CaptureFixture[str]) -> Run:
    def partner(*arguments: str) -> tuple[int, str, str]:
        code = main(["partner", *arguments, "-c", str(closed.configure())])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return partner


def key_of(closed: EditableSite, name: str, topics: tuple[str, ...] = (), rate: int = 600) -> str:
    return partners.add(str(closed.folder / "partners.yaml"), name, topics, rate)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def basic(name: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{key}'.encode()).decode()}"}


def test_partner_is_not_added_for_a_topic_that_does_not_exist(run: Run, closed: EditableSite) -> None:
    code, out, err = run("add", "acme", "--topic", "One", "--topic", "Twoo")
    assert (code, out) == (2, "")
    assert "--topic: no entry has the topic 'Twoo'; did you mean 'two'?" in err
    assert not (closed.folder / "partners.yaml").exists()


def test_partner_is_added_for_a_topic_given_by_its_slug(run: Run, closed: EditableSite) -> None:
    closed.record("c.md", topics=["Solid-state Cells"])
    closed.build()
    run("add", "acme", "--topic", "solid--state-cells", "--topic", "First")
    (partner,) = partners.load(str(closed.folder / "partners.yaml"))
    assert partner.topics == ("solid-state cells", "First")


# ---------------------------------------------------------------------------------------------------------------- keys


def test_key_is_printed_once_and_only_its_hash_is_stored(run: Run, closed: EditableSite) -> None:
    code, out, _ = run("add", "acme", "--topic", "One", "--topic", "Two", "--rate", "60")
    key = out.strip()
    file = closed.folder / "partners.yaml"
    assert (code, len(key)) == (0, 43)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key not in file.read_text()
    assert partners.load(str(file), {}) == (Partner("acme", hash_key(key), ("One", "Two"), 60),)
    code, out, err = run("list")
    assert (code, out, err) == (0, "acme: One, Two; 60 requests a minute\n", "")
    assert run("list", "--json")[1] == '[{"name": "acme", "topics": ["One", "Two"], "rate": 60}]\n'


def test_other_lines_of_the_file_stay(run: Run, closed: EditableSite) -> None:
    file = closed.folder / "partners.yaml"
    file.write_text("# ours\nold:  # since 2020\n  key: sha256:" + "0" * 64 + "\n  topics: [One,\n    Two]\n\n# next")
    before = file.read_text()
    assert run("add", "new.one")[0] == 0
    assert file.read_text().startswith(f"{before}\nnew.one:\n  key: sha256:")
    assert run("remove", "new.one")[0] == 0
    assert file.read_text() == f"{before}\n"
    assert run("remove", "old")[0] == 0
    assert file.read_text() == "# ours\n\n# next\n"
    assert [path.name for path in closed.folder.iterdir() if path.name.startswith(".partners")] == []


@pytest.mark.parametrize(
    ("text", "arguments", "problem"),
    [
        ("", ["add", "a b"], "a name consists of letters"),
        ("a: {key: sha256:%s}\n" % ("0" * 64), ["add", "a"], "partner exists already"),
        ("", ["remove", "a"], "no such partner"),
        ("{a: {key: sha256:%s}}\n" % ("0" * 64), ["add", "b"], "edit it by hand"),
        ("a: {key: s3cret}\n", ["list"], "1:10: partners.a.key: expected a hash"),
        ("a: {key: sha256:%s, topics: []}\n" % ("0" * 64), ["list"], "must not be empty"),
        ("a: {kee: s3cret}\n", ["list"], "partners.a.kee: unknown key"),
        ("- s3cret\n", ["list"], "expected keys and values"),
        ("a: [s3cret\n", ["list"], "partners: did not find"),
        ("a: {key: sha256:%s, rate: 0}\n" % ("0" * 64), ["list"], "partners.a.rate: expected at least 1"),
    ],
)
def test_problem_is_reported_without_quoting_values(
    run: Run, closed: EditableSite, text: str, arguments: list[str], problem: str
) -> None:
    file = closed.folder / "partners.yaml"
    file.write_text(text)
    code, out, err = run(*arguments)
    assert (code, out) == (3, "")
    assert problem in err
    assert "s3cret" not in err
    assert file.read_text() == text


def test_file_that_cannot_be_written_is_reported(run: Run, closed: EditableSite) -> None:
    closed.settings["api"] = {"partners": "nowhere/p.yaml"}
    code, out, err = run("add", "a")
    assert (code, out) == (1, "")
    assert "nowhere/p.yaml: No such file" in err


def test_environment_variable_replaces_the_file(tmp_path: Path) -> None:
    text = f"acme: {{key: {hash_key('k')}}}"
    assert partners.load(str(tmp_path / "gone"), {"SYNDICATE_PARTNERS": text}) == (Partner("acme", hash_key("k")),)
    assert partners.load(str(tmp_path / "gone"), {}) == ()
    with pytest.raises(ConfigError, match="SYNDICATE_PARTNERS:1:"):
        partners.load(str(tmp_path / "gone"), {"SYNDICATE_PARTNERS": "x"})


def test_every_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("hmac.compare_digest", compare)
    known = [Partner(name, hash_key(name * 9)) for name in "abc"]
    for header in ("Bearer aaaaaaaaa", "Bearer ccccccccc", "Bearer x", basic("b", "b" * 9)["Authorization"]):
        compared.clear()
        authenticate(header, known)
        assert len(compared) == 6, header


@pytest.mark.parametrize(
    "header",
    [
        *("", "Bearer", "Bearer ", "Basic", "Basic !", "Basic YQ==", "Basic /w==", "Digest x", "k", "Bearer \udcff"),
        *("Bearer " + "x" * 100_000, basic("b", "k")["Authorization"], basic("", "k")["Authorization"]),
    ],
)
def test_malformed_header_authenticates_nobody(header: str) -> None:
    known = [Partner("a", hash_key("k"))]
    assert authenticate(header, known) is None
    assert authenticate("bearer k", known) == authenticate(basic("a", "k")["Authorization"], known) == known[0]


# -------------------------------------------------------------------------------------------------------------- server


async def test_key_is_required(closed: EditableSite) -> None:
    key = key_of(closed, "acme")
    async with served(closed) as client:
        for path in ("/entries", "/feeds"):
            async with client.get(f"/api/v1{path}") as response:
                assert response.status == 401
                assert response.headers.getall("WWW-Authenticate") == [
                    'Bearer realm="partners"',
                    'Basic realm="partners"',
                ]
                assert response.content_type == "application/problem+json"
            await get(client, path, status=401, **bearer(hash_key(key)))
            await get(client, path, status=401, **basic("other", key))
            for headers in (bearer(key), basic("acme", key)):
                async with client.get(f"/api/v1{path}", headers=headers) as response:
                    assert response.status == 200
                    assert response.headers["Cache-Control"].startswith("private")
                    assert response.headers["Vary"] == "Authorization"


async def test_openapi_document_requires_no_key(closed: EditableSite) -> None:
    async with served(closed) as client, client.get("/api/v1/openapi.json") as response:
        described = await response.json()
        assert described["openapi"].startswith("3.1")
        assert {one["name"] for one in described["paths"]["/entries"]["get"]["parameters"]} >= {"topic", "q", "since"}


async def test_partner_reads_only_entries_of_its_topics(closed: EditableSite) -> None:
    key = bearer(key_of(closed, "acme", topics=("first",)))
    async with served(closed) as client:
        assert titles(await get(client, "/entries", **key)) == ["Alpha"]
        assert titles(await get(client, "/entries?topic=one", **key)) == ["Alpha"]
        assert titles(await get(client, "/feeds", **key)) == ["One – T"]
        for query in ("topic=Two", "topic=One&topic=Two", "topic=unheard-of"):
            await get(client, f"/entries?{query}", status=403, **key)
        walk = await get(client, "/entries?since=", **key)
        assert titles(walk) == ["Alpha"]
        (closed.folder / "corpus/b.md").unlink()
        closed.record("a.md", title="Alpha", topics=["Three"])
        closed.record("c.md", title="Gamma", topics=["Three"])
        closed.build()
        walk = await get(client, f"/entries?since={walk['_syndicate']['since']}", **key)
        assert titles(walk) == []
        assert [one["id"] for one in walk["_syndicate"]["deleted"]] == ["tag:f.example,2026:a.md"]


async def test_cursor_expires_when_rights_change(closed: EditableSite) -> None:
    key = bearer(key_of(closed, "acme", topics=("One",)))
    file = closed.folder / "partners.yaml"
    clock = Clock()
    async with served(closed, clock) as client:
        since = (await get(client, "/entries", **key))["_syndicate"]["since"]
        file.write_text(file.read_text().replace("- One", "- One\n  - Two"))
        clock.now += 1
        assert len((await get(client, "/entries", **key))["items"]) == 2
        assert "rights" in (await get(client, f"/entries?since={since}", status=410, **key))["detail"]


def break_with_text(file: Path) -> None:
    file.write_text(f"{file.read_text()}broken: [")


def replace_with_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def replace_with_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def make_too_large(file: Path) -> None:
    file.write_text("# \n" * 2_000_000)


@pytest.mark.parametrize("damage", [break_with_text, replace_with_pipe, replace_with_folder])
async def test_keys_stay_valid_for_a_minute_while_the_file_is_invalid(
    damage: Callable[[Path], None], closed: EditableSite, capsys: pytest.CaptureFixture[str]
) -> None:
    key = bearer(key_of(closed, "acme"))
    file = closed.folder / "partners.yaml"
    good = file.read_text()
    clock = Clock()
    async with served(closed, clock) as client:
        damage(file)
        for _ in range(59):
            clock.now += 1
            await get(client, "/feeds", **key)
        clock.now += 2
        assert "cannot be checked" in (await get(client, "/feeds", status=503, **key))["detail"]
        assert "partners refused" in capsys.readouterr().out
        file.rmdir() if file.is_dir() else file.unlink()
        file.write_text(good)
        clock.now += 1
        await get(client, "/feeds", **key)


async def test_key_that_an_invalid_file_does_not_contain_is_revoked(closed: EditableSite) -> None:
    key, other, third = (bearer(key_of(closed, name)) for name in ("acme", "other", "third"))
    file = closed.folder / "partners.yaml"
    clock = Clock()
    async with served(closed, clock) as client:
        text = file.read_text().replace(hash_key(key["Authorization"][7:]), "sha256:[")
        file.write_text(
            text.replace("  key: " + (commented := hash_key(third["Authorization"][7:])), f"  # key: {commented}")
        )
        clock.now += 1
        await get(client, "/feeds", status=401, **key)
        await get(client, "/feeds", status=401, **third)
        await get(client, "/feeds", **other)
        make_too_large(file)
        clock.now += 1
        await get(client, "/feeds", **other)
        file.unlink()
        clock.now += 1
        await get(client, "/feeds", status=401, **other)


async def test_partners_file_is_reloaded(closed: EditableSite) -> None:
    key = bearer(key_of(closed, "acme"))
    file = closed.folder / "partners.yaml"
    clock = Clock()
    async with served(closed, clock) as client:
        await get(client, "/entries", **key)
        file.write_text(file.read_text().replace("acme", "other"))
        clock.now += 1
        await get(client, "/entries", **key)
        partners.remove(str(file), "other")
        clock.now += 1
        await get(client, "/entries", status=401, **key)


async def test_rate_is_limited_and_reported(closed: EditableSite) -> None:
    key, other = bearer(key_of(closed, "acme", rate=2)), bearer(key_of(closed, "other"))
    clock = Clock()
    async with served(closed, clock) as client:
        for left in (1, 0):
            async with client.get("/api/v1/entries?limit=x", headers=key) as response:
                assert response.status == 400
                assert response.headers["RateLimit-Policy"] == '"partner";q=2;w=60'
                assert response.headers["RateLimit"] == f'"partner";r={left};t={(2 - left) * 30}'
        async with client.get("/api/v1/entries", headers=key) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "30")
        await get(client, "/entries", **other)
        clock.now += 29
        await get(client, "/entries", status=429, **key)
        clock.now += 1
        await get(client, "/entries", **key)
        await get(client, "/entries", status=429, **key)


async def test_wrong_keys_are_limited_by_address(closed: EditableSite) -> None:
    key = bearer(key_of(closed, "acme"))
    clock = Clock()
    async with served(closed, clock) as client:
        statuses = []
        for _ in range(60):
            async with client.get("/api/v1/entries", headers=bearer(secrets.token_urlsafe(32))) as response:
                statuses.append(response.status)
                assert response.status == 401 or int(response.headers["Retry-After"]) > 0
        assert statuses == [401] * 30 + [429] * 30
        await get(client, "/entries", **key)  # a valid key is not locked out


async def test_no_response_contains_secrets(closed: EditableSite, capsys: pytest.CaptureFixture[str]) -> None:
    key = key_of(closed, "acme")
    seen: list[bytes] = []
    async with served(closed) as client:
        for path in ("entries", "entries?since=", "entries?q=secured", "entries?q=business", "feeds", "openapi.json"):
            for headers in (bearer(key), {}, bearer(f"{key}x")):
                async with client.get(f"/api/v1/{path}", headers=headers) as response:
                    body = (await response.read()).replace(b"q=secured", b"")  # the URL of the query is repeated
                    seen.append(body + repr(response.headers).encode())
        assert titles(*await pages(client, "/entries?q=secured", **bearer(key))) == []
        async with client.get(local("https://x/api/v1/entries?secured=1"), headers=bearer(key)) as response:
            assert response.status == 400
    captured: Any = capsys.readouterr()
    for text in (*seen, captured.out.encode(), captured.err.encode()):
        for secret in (b"no business", b"secured", key.encode(), hash_key(key).encode(), os.fsencode(closed.folder)):
            assert secret not in text


def test_command_imports_neither_http_nor_models() -> None:
    code = (
        "import sys; from syndicate.api import partners; from syndicate import cli; cli.parser();"
        "sys.exit(any(name in sys.modules for name in ('aiohttp', 'pydantic', 'structlog')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_rate_of_a_public_api_is_limited_by_address(site: EditableSite) -> None:
    site.settings["api"] = {"public": True, "rate": 2}
    site.settings["serve"] = {"proxies": ["127.0.0.1"]}
    site.record("a.md")
    site.build()
    clock = Clock()
    async with served(site, clock) as client:
        for address, statuses in (("203.0.113.1", (200, 200, 429)), ("203.0.113.2", (200, 200, 429))):
            for status in statuses:
                forwarded = {"X-Forwarded-For": f"10.9.8.7, {address}"}
                async with client.get("/api/v1/entries", headers=forwarded) as response:
                    assert response.status == status
                    assert response.headers["RateLimit-Policy"] == '"address";q=2;w=60'
        clock.now += 30
        await get(client, "/entries", **forwarded)


async def test_address_that_a_client_claims_is_not_believed(site: EditableSite) -> None:
    site.settings["api"] = {"public": True, "rate": 2}
    site.record("a.md")
    site.build()
    async with served(site, Clock()) as client:
        for number, status in enumerate((200, 200, 429)):
            await get(client, "/entries", status=status, **{"X-Forwarded-For": f"203.0.113.{number}"})
