"""Floor 7: the command `trimtab`."""

from trimtab.cli.app import main

__all__ = ["main"]
