"""docs/api.md: its commands work, and it names every parameter and every status."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from support.api_server import served, titles
from support.editable_sites import EditableSite

from syndicate import cli, config
from syndicate.api import partners
from syndicate.api.openapi import openapi_document
from syndicate.api.parameters import EntryParameters

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def _lines(beginning: str) -> list[str]:
    return [line for line in PAGE.splitlines() if line.startswith(beginning)]


def test_every_parameter_is_documented() -> None:
    table = " ".join(_lines("| `"))
    for name in EntryParameters.model_fields:
        assert f"`{name}`" in table, name


def test_every_status_is_documented(site: EditableSite) -> None:
    described = openapi_document(config.load(str(site.configure())), public=False)
    statuses = {status for path in described["paths"].values() for status in path["get"]["responses"]}
    assert statuses - {"200"} == set(re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE))


@pytest.mark.parametrize("line", _lines("syndicate "))
def test_commands_are_parsed(line: str) -> None:
    assert cli.parser().parse_args(shlex.split(line, comments=True)[1:]).run


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
async def test_curl_examples_work(site: EditableSite) -> None:
    site.settings["api"] = {}
    site.record("a.md", title="Alpha", topics=["One"])
    site.record("b.md", title="Beta", topics=["Two"])
    site.build()
    key = partners.add(str(site.folder / "partners.yaml"), "acme", (), 600)
    received: list[list[str]] = []
    async with served(site) as client:
        for line in _lines("curl "):
            command = line.replace("$KEY", key).replace("$SITE", str(client.make_url("")).rstrip("/"))
            curl = await asyncio.create_subprocess_exec(
                *shlex.split(command), "--fail", "--silent", stdout=asyncio.subprocess.PIPE
            )
            out, _ = await curl.communicate()
            assert curl.returncode == 0, line
            received.append(titles(json.loads(out)))
    assert received == [["T", "One – T", "Two – T"], ["Beta", "Alpha"], [], ["Alpha", "Beta"]]
