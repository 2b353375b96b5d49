"""``python -m walkthrough``: the command line."""

import sys

from walkthrough.doors.commands import main

sys.exit(main())
