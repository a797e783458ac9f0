"""A feed syndication publisher.

    corpus ──▶ entries ──▶ feeds ──▶ outputs
    files      one model    entries   documents,
    of many    for all      selected  written
    formats    of them      by rules  atomically

Each folder is a stage. A stage imports only from layers below its own (pyproject.toml lists them).
"""

__version__ = "0.2.0"
