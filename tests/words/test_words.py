"""Tests of the catalogues: complete, compiled as committed; with plural forms, dates and numbers of each language."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from support.sites import ROOT

from syndicate.words import LANGUAGES, words_in
from syndicate.words.compile import compile_catalog

PACKAGE = ROOT / "syndicate"
CATALOGS = PACKAGE / "words" / "catalogs"
TIME = datetime(2026, 3, 4, 9, 5, tzinfo=UTC)
TRANSLATIONS = sorted(set(LANGUAGES) - {"en"})


def translations(language: str) -> Catalog:
    name = language.replace("-", "_")
    with (CATALOGS / f"{name}.po").open("rb") as file:
        return read_po(file, name)


def messages(catalog: Catalog) -> set[Any]:
    return {message.id for message in catalog if message.id}


def fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


# ------------------------------------------------------------------------------------------------------- catalogues


def test_every_language_has_a_catalogue() -> None:
    assert {file.stem for file in CATALOGS.glob("*.po")} == {file.stem for file in CATALOGS.glob("*.json")}
    assert {file.stem.replace("_", "-") for file in CATALOGS.glob("*.po")} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_committed_catalogue_is_the_compiled_one(language: str) -> None:
    name = language.replace("-", "_")
    compiled = subprocess.run(
        [sys.executable, "-m", "syndicate.words.compile", name], capture_output=True, check=True
    ).stdout
    assert (CATALOGS / f"{name}.json").read_bytes() == compiled


def test_catalogues_hold_exactly_the_messages_of_the_program() -> None:
    with (PACKAGE / "words" / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = {message for _, _, message, *_ in extract_from_dir(str(PACKAGE), methods, options)}
    with (CATALOGS / "messages.pot").open("rb") as file:
        assert messages(read_po(file)) == found
    for language in LANGUAGES:
        assert messages(translations(language)) == found


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_every_message_is_translated_with_its_placeholders(language: str) -> None:
    for message in translations(language):
        if not message.id:
            continue
        if isinstance(message.id, str):
            assert fields(message.string) == fields(message.id), message.id
        else:  # a form for one exact number may spell it out
            assert all(fields(form) <= {"count"} for form in message.string), message.id
            assert fields(message.string[-1]) == {"count"}, message.id
        assert not message.fuzzy


def test_missing_translation_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "catalogs").mkdir()
    (tmp_path / "catalogs" / "de.po").write_text('msgid "Copy"\nmsgstr ""\n', encoding="utf-8")
    monkeypatch.setattr("syndicate.words.compile.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="no translation to de of 'Copy'"):
        compile_catalog("de")


# ------------------------------------------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (("de",), "de"),
        (("pt-BR",), "pt"),
        (("zh-CN",), "zh"),
        (("zh-Hans-HK",), "zh"),
        (("zh-TW",), "zh-Hant"),
        (("zh-Hant",), "zh-Hant"),
        (("it",), "en"),
        (("it", "fr"), "fr"),
        (("", "ja"), "ja"),
        (("", ""), "en"),
        ((), "en"),
        (("ger",), "en"),
    ],
)
def test_words_are_those_of_the_first_language_that_has_any(languages: tuple[str, ...], expected: str) -> None:
    assert words_in(*languages).language == expected


@pytest.mark.parametrize(
    ("language", "date", "moment", "month", "period", "number"),
    [
        ("en", "4 March 2026", "4 March 2026, 09:05 UTC", "March 2026", ("March", "4 March"), "1,234,567"),
        ("de", "4. März 2026", "4. März 2026, 09:05 UTC", "März 2026", ("März", "4. März"), "1.234.567"),
        ("fr", "4 mars 2026", "4 mars 2026, 09:05 UTC", "mars 2026", ("mars", "4 mars"), "1\u202f234\u202f567"),
        ("es", "4 de marzo de 2026", "4 de marzo de 2026, 09:05 UTC", "marzo de 2026",
         ("marzo", "4 de marzo"), "1.234.567"),
        ("pt", "4 de março de 2026", "4 de março de 2026 09:05 UTC", "março de 2026",
         ("março", "4 de março"), "1.234.567"),
        ("ja", "2026年3月4日", "2026年3月4日 09:05 UTC", "2026年3月", ("3月", "3月4日"), "1,234,567"),
        ("zh", "2026年3月4日", "2026年3月4日 09:05 UTC", "2026年3月", ("三月", "3月4日"), "1,234,567"),
        ("zh-Hant", "2026年3月4日", "2026年3月4日 09:05 UTC", "2026年3月", ("3月", "3月4日"), "1,234,567"),
        ("ar", "4 مارس 2026", "4 مارس 2026، 09:05 UTC", "مارس 2026", ("مارس", "4 مارس"), "1,234,567"),
    ],
)  # fmt: skip
def test_dates_and_numbers_follow_the_language(
    language: str, date: str, moment: str, month: str, period: tuple[str, str], number: str
) -> None:
    words = words_in(language)
    assert words.date(TIME) == date
    assert words.moment(TIME) == moment
    assert words.month("2026-03") == month
    assert (words.period("2026-03"), words.period("2026-03-04")) == period
    assert words.number(1234567) == number


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", {0: "0 entries", 1: "1 entry", 2: "2 entries", 1000: "1,000 entries"}),
        ("fr", {0: "0 article", 1: "1 article", 2: "2 articles"}),
        ("ja", {1: "記事1件", 2: "記事2件"}),
        ("ar", {1: "مقالة واحدة", 2: "مقالتان", 3: "3 مقالات", 11: "11 مقالة", 100: "100 مقالة"}),
    ],
)
def test_plural_forms_follow_the_language(language: str, expected: dict[int, str]) -> None:
    words = words_in(language)
    assert {count: words.ngettext("{count} entry", "{count} entries", count) for count in expected} == expected


def test_message_without_a_translation_stays_english() -> None:
    assert words_in("de").gettext("A message of a template: {what}", what="ß") == "A message of a template: ß"
    assert words_in("de").gettext("Braces {") == "Braces {"
    assert words_in("de").ngettext("{count} wolf", "{count} wolves", 2) == "2 wolves"


@pytest.mark.parametrize(
    ("language", "other", "expected"),
    [("de", "de-AT", True), ("de", "", True), ("en", "it", False), ("zh", "zh-TW", False), ("zh-Hant", "zh-TW", True)],
)
def test_words_include_the_variants_of_their_language(language: str, other: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert words_in(language).includes(other) is expected


@pytest.mark.parametrize(("language", "expected"), [("ar", True), ("ja", False)])
def test_direction_follows_the_language(language: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert words_in(language).is_right_to_left is expected


def test_start_of_a_run_loads_neither_babel_nor_a_catalogue() -> None:
    code = (
        "import sys, syndicate.cli, syndicate.pipeline.run, syndicate.words;"
        "print(syndicate.words._words.cache_info().currsize, 'babel' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout
    assert printed.split() == ["0", "False"]
