"""One reading in a process of its own: `python -m benchmarks.worker MODULE:FUNCTION JSON`."""

from __future__ import annotations

import importlib
import json
import sys


def main() -> None:
    target, arguments = sys.argv[1:]
    module, _, function = target.partition(":")
    reading = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    # Alone on its line, whatever a library has printed before it.
    print("\n" + json.dumps(reading), flush=True)


if __name__ == "__main__":
    main()
