"""The site's own page templates."""

import os

from .. import safe_files
from .models import ConfigFile
from .sections import ConfigSection

_EXTENSIONS = (".html", ".css", ".js")
_MAX_BYTES = 1_048_576  # of each file
_DEFAULT = ConfigFile._field_defaults["templates"]


def read_templates(path: str, root: ConfigSection, folder: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Returns the absolute path of the templates' folder and their texts by name, ordered.

    Both are empty when the folder of the default name does not exist; another one must exist.
    """
    template_folder = os.path.join(folder, path)
    try:
        with os.scandir(template_folder) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if entry.name.endswith(_EXTENSIONS) and not entry.is_dir(follow_symlinks=False)
            )
    except OSError as error:
        if path != _DEFAULT or not isinstance(error, FileNotFoundError):
            root.report("templates", f"cannot be read: {error.strerror}")
        return "", ()
    texts: list[tuple[str, str]] = []
    for name in names:
        try:
            # No link may lead out of the folder of templates: pages contain what they read.
            texts.append((name, safe_files.read_text_below(template_folder, name, _MAX_BYTES)))
        except (OSError, UnicodeDecodeError) as error:
            root.report("templates", f"{name} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}")
    return template_folder, tuple(texts)
