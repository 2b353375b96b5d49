"""``python -m walkthrough``: the command line."""

import signal
import sys

# Until ``main`` takes interrupts: one in the middle of an import would be shown as a fault.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from walkthrough.doors.commands import main  # noqa: E402

sys.exit(main())
