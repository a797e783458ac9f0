"""The sample site: a commented configuration, and a corpus with every case that real ones contain."""

from __future__ import annotations

import os
import shutil

from ..errors import OutputError

_HERE = os.path.dirname(__file__)


def write(folder: str) -> int:
    """Copy the sample into a new or empty folder, with the schema of its configuration.

    Returns the number of corpus files. Raises OutputError when the folder is not empty or cannot be written.
    """
    from ..config.schema import schema_text

    try:
        if os.path.isdir(folder) and os.listdir(folder):
            raise OutputError(f"{folder}: is not empty")
        shutil.copytree(os.path.join(_HERE, "corpus"), os.path.join(folder, "corpus"))
        shutil.copy(os.path.join(_HERE, "config.yaml"), folder)
        with open(os.path.join(folder, "config.schema.json"), "w", encoding="utf-8") as file:
            file.write(schema_text())
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return sum(len(names) for _, _, names in os.walk(os.path.join(folder, "corpus")))
