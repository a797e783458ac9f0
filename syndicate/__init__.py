"""A feed syndication publisher.

    corpus ──▶ entries ──▶ feeds ──▶ outputs
    files      what they    which     bytes that
    of any     mean, by     shows     appear whole
    kind       one model    what

Each folder is a stage; a stage imports only what comes after it in the list of layers (pyproject.toml).
"""

__version__ = "0.1.0"
