"""`syndicate doctor`: looks for what commonly goes wrong with a site, and changes nothing.

Each module looks at one kind of thing, and returns a `Finding` for each check: what was found, and the command or the
setting that helps. `run` performs all of them, those of the network at the same time and within ten seconds. A check
never raises: what prevents it is what it found.
"""
