"""Bodies of records -> HTML that any feed reader shows, whatever site generator they are written for.

Theory of operation
-------------------
A site's page is made by its generator, its theme and the scripts that it loads. A feed has none of them. So a body is
rendered in stages, each of which leaves to the next what it does not know:

    templates/         template tags are evaluated where that is a matter of looking up, else left out
    markdown_in_html   `markdown="1"` becomes the blank lines by which CommonMark tells Markdown in HTML
    parser             Markdown to HTML, with extensions.py and admonitions.py
    embeds             what needs a script becomes a link; lazy pictures get their addresses
    sanitize           allowed elements and attributes, absolute addresses; anchors.py removes links that lost theirs
    references         links to other records, as placeholders until `resolve_links` knows the addresses
    summary            the first paragraph

`values/dialects.py` declares what the bodies of each generator hold. Whatever a stage leaves out is counted
(losses.py), and becomes one warning of `syndicate check` for each kind.

Bodies are hostile. Each stage takes time that is linear in the length of the body, or has a limit that makes it so: the
length of a tag, of a bare link, of a footnote's label. Where the output could be a product (definitions that many links
repeat, formatting elements that are never closed) its length is computed before it is made, and a body beyond the limit
becomes empty.
"""

from .losses import Loss
from .references import RecordReference, ResolvedLinks, resolve_links
from .render import RenderedBody, render_body
from .summary import first_paragraph

__all__ = [
    "Loss",
    "RecordReference",
    "RenderedBody",
    "ResolvedLinks",
    "first_paragraph",
    "render_body",
    "resolve_links",
]
