"""`python -m sim` is the command `intercept`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it still loads ends it as Ctrl-C does later."""
    try:
        from sim.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
