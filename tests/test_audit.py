"""The audit of requirements fails for a known vulnerability, and says when nothing is known."""

from __future__ import annotations

import audit
import pytest

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
UNSOUND = {"name": "unsound", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}


def test_known_vulnerability_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(["a.lock"], lambda _: [SOUND, UNSOUND]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "a.lock: unsound 2.0: PYSEC-1, fixed in 2.1",
        "a.lock: 2 requirements audited, 1 known vulnerabilities",
    ]


def test_sound_requirements_pass() -> None:
    assert audit.main(["a.lock"], lambda _: [SOUND]) == 0


def test_missing_data_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(["a.lock", "b.lock"], lambda _: []) == 0
    assert capsys.readouterr().out.count("skipped: ") == 2
