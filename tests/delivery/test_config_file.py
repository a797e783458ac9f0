"""The configuration of the worker follows the files that it is read from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syndicate import config
from syndicate.delivery.config_file import ConfigFile

SITE = 'site: {title: T, url: "https://f.example/", id: "f.example,2026"}\ncorpus: [{path: .}]\n'


@pytest.fixture
def followed(tmp_path: Path) -> ConfigFile:
    (tmp_path / "config.yaml").write_text(SITE, encoding="utf-8")
    (tmp_path / "_config.yml").write_text("timezone: Europe/Berlin\n", encoding="utf-8")
    return ConfigFile(config.load(str(tmp_path / "config.yaml")))


def edit(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize("name", ["config.yaml", "_config.yml"])
def test_edit_of_a_file_is_read_once_it_is_complete(followed: ConfigFile, tmp_path: Path, name: str) -> None:
    assert not followed.has_changed()
    edit(tmp_path / name, (tmp_path / name).read_text(encoding="utf-8") + "\n# edited\n")
    assert [followed.has_changed() for _ in range(2)] == [False, True]
    assert followed.read(is_requested=False)
    assert not followed.has_changed()


def test_settings_of_the_generator_are_read_again(followed: ConfigFile, tmp_path: Path) -> None:
    edit(tmp_path / "_config.yml", "timezone: Asia/Tokyo\n")
    assert followed.read(is_requested=False)
    assert followed.config.sources[0].site.timezone == "Asia/Tokyo"


def test_invalid_configuration_keeps_the_last_one_and_its_faults(followed: ConfigFile, tmp_path: Path) -> None:
    edit(tmp_path / "config.yaml", f"{SITE}pages: 5\nfeed: {{}}\n")
    assert not followed.read(is_requested=False)
    assert [(problem.line, problem.field) for problem in followed.problems] == [(3, "pages"), (4, "feed")]
    assert followed.config.site.title == "T"
    edit(tmp_path / "config.yaml", SITE)
    assert followed.read(is_requested=False)
    assert followed.problems == ()


def test_another_generator_does_not_count_as_another_change(followed: ConfigFile, tmp_path: Path) -> None:
    edit(tmp_path / "config.yaml", f"{SITE}feeds: {{limit: 9}}\n")
    (tmp_path / "_config.yml").rename(tmp_path / "hugo.yaml")
    assert followed.read(is_requested=False)
    assert followed.config.sources[0].kind == "hugo"
    assert [followed.has_changed() for _ in range(3)] == [False, False, False]
