"""`python -m syndicate`."""

import sys

from .cli import main

sys.exit(main())
