"""The configuration of the documentation site: `make docs`."""

from syndicate import __version__

project = "syndicate"
release = version = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = f"syndicate {release}"
html_show_copyright = False
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# The pages show front matter and templates of other programs, in which no highlighter finds its language.
suppress_warnings = ["misc.highlighting_failure"]
