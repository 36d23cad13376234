"""`python -m syndicator` is the same as `syndicator`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Loads the program and runs it; loading alone may need more memory than there is."""
    try:
        from syndicator.cli import main as run
    except (MemoryError, SystemError, OSError) as error:
        sys.stderr.write(f"error: syndicator cannot be loaded: {error or 'out of memory'}\n")
        sys.stderr.flush()
        os._exit(75)
    run()


if __name__ == "__main__":
    main()
