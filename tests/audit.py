"""Audits locked requirements for known vulnerabilities: `python tests/audit.py requirements.lock …`.

Exits with 1 if there are any. Where their data cannot be had, a message says so: then nothing is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

_TIMEOUT_S = 120
_SERVICES = ("pypi", "osv")


def audit(path: str) -> list[dict[str, Any]]:
    """Return the audited requirements of a file, each with its vulnerabilities; none if the data cannot be had."""
    for service in _SERVICES:
        command = [
            *(sys.executable, "-m", "pip_audit", "--requirement", path, "--disable-pip", "--require-hashes"),
            *("--vulnerability-service", service, "--format", "json", "--progress-spinner", "off", "--timeout", "15"),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
            dependencies = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            continue
        if audited := [one for one in dependencies if "vulns" in one]:
            return audited
    return []


def main(paths: Sequence[str], audit: Callable[[str], list[dict[str, Any]]] = audit) -> int:
    """Audit files, and print what was found."""
    is_vulnerable = False
    for path in paths:
        audited = audit(path)
        if not audited:
            print(f"skipped: {path}: the data of known vulnerabilities cannot be had here")
            continue
        found = [(one["name"], one["version"], vulnerability) for one in audited for vulnerability in one["vulns"]]
        for name, version, vulnerability in found:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(f"{path}: {name} {version}: {vulnerability['id']}, fixed in {fixed}")
        print(f"{path}: {len(audited)} requirements audited, {len(found)} known vulnerabilities")
        is_vulnerable |= bool(found)
    return int(is_vulnerable)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
