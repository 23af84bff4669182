"""Run one command with the databases at hand: `python -m tests.services pytest -k storage`."""

import os
import sys

from tests.services import child
from tests.services.environment import provide


def main() -> int:
    command = sys.argv[1:]
    if command[:1] == ["--"]:
        del command[0]
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    with provide() as variables:
        return child.run(command, {**os.environ, **variables})


if __name__ == "__main__":
    sys.exit(main())
