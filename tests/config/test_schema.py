"""The JSON Schema accepts the configurations that the reader accepts, and refuses unknown keys and wrong types."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml
from support.configurations import FULL, SMALL
from support.sites import CONFIG, ROOT, run

from syndicate.config.models import ConfigFile
from syndicate.config.options import keys_of
from syndicate.config.schema import json_schema, schema_text

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
CONFIGURING = (ROOT / "docs" / "configuring.md").read_text(encoding="utf-8")
EXAMPLES = {
    "root": (ROOT / "config.yaml").read_text(encoding="utf-8"),
    "sample": (ROOT / "syndicate" / "sample" / "config.yaml").read_text(encoding="utf-8"),
    "configuring": re.findall(r"```yaml\n(.*?)```", CONFIGURING, re.DOTALL)[0],
    "tests": CONFIG,
    "small": SMALL,
    "full": FULL,
    "one text in the place of lists and sections": f"{SMALL}hubs: https://hub.test/\nfeeds: {{by: topics}}",
    "null in the place of optional values": f"{SMALL}feeds:\namp: ~\nhubs:\npush: {{verify: ~}}\ntopics: {{A: }}",
    "a topic called from": f"{SMALL}topics: {{from: {{slug: origin}}}}",
}


def errors(text: str) -> list[str]:
    """Returns the paths at which a configuration violates the schema."""
    return ["/".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("name", EXAMPLES)
def test_configuration_is_valid(name: str) -> None:
    assert errors(EXAMPLES[name]) == []


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("autput: x", ""),
        ("feeds: {limits: 5}", "feeds"),
        ("feeds: {where: {min_qality: 1}}", "feeds/where"),
        ("feeds: {custom: {x: {title: a, where: {topic: b}}}}", "feeds/custom/x/where"),
        ("topics: {A: {slugg: x}}", "topics/A"),
        ("hubs: [{url: 'https://hub.test/', header: x}]", "hubs"),
        ("serve: {prot: 1}", "serve"),
        ("feeds: {limit: many}", "feeds/limit"),
        ("feeds: {limit: 0}", "feeds/limit"),
        ("feeds: {limit: 1.5}", "feeds/limit"),
        ("feeds: {all: sure}", "feeds/all"),
        ("feeds: {by: {a: b}}", "feeds/by"),
        ("feeds: {by: [topics, []]}", "feeds/by"),
        ("feeds: {formats: [pdf]}", "feeds/formats"),
        ("feeds: {formats: []}", "feeds/formats"),
        ("feeds: {archive: week}", "feeds/archive"),
        ("feeds: {custom: [x]}", "feeds/custom"),
        ("feeds: {custom: {x: }}", "feeds/custom/x"),
        ("topics: [A]", "topics"),
        ("serve: {port: 65536}", "serve/port"),
        ("push: {timeout_s: 0}", "push/timeout_s"),
        ("push: {unverified: drop}", "push/unverified"),
        ("output: [x]", "output"),
        ("api: true", "api"),
    ],
)
def test_fault_is_refused_where_it_is(line: str, path: str) -> None:
    assert errors(f"{SMALL}{line}\n") == [path]


@pytest.mark.parametrize("key", ["site", "corpus"])
def test_required_section_is_required(key: str) -> None:
    document = yaml.safe_load(SMALL)
    del document[key]
    assert [error.validator for error in VALIDATOR.iter_errors(document)] == ["required"]


def test_unknown_fields_of_a_source_are_refused() -> None:
    assert errors(SMALL.replace("path: news", "path: news\n  fields: {titel: x}")) == ["corpus"]


def test_every_key_is_described() -> None:
    def undescribed(model: type, path: str = "") -> list[str]:
        found: list[str] = []
        for key in keys_of(model):
            found += [] if key.description else [f"{path}{key.name}"]
            found += undescribed(key.type, f"{path}{key.name}.") if key.is_section else []
        return found

    assert undescribed(ConfigFile) == []


def test_schema_verb_prints_the_schema(tmp_path: Any) -> None:
    done = run("schema", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json_schema()


@pytest.mark.parametrize("name", ["config.yaml", "syndicate/sample/config.yaml"])
def test_first_line_names_the_schema_for_editors(name: str) -> None:
    first = (ROOT / name).read_text(encoding="utf-8").partition("\n")[0]
    assert re.fullmatch(r"# yaml-language-server: \$schema=\./(docs/)?config\.schema\.json", first)


def test_committed_schema_is_the_generated_one() -> None:
    committed = (ROOT / "docs" / "config.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "docs/config.schema.json is out of date: run `make configuration`"
