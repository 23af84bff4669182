"""How much Trimtab says, and where: on standard error at INFO unless told otherwise."""

import logging
import sys
from logging import CRITICAL, DEBUG, ERROR, FATAL, INFO, WARN, WARNING

_ROOT = logging.getLogger("trimtab")


class _StandardError(logging.StreamHandler):  # type: ignore[type-arg]  # generic to type checkers only
    """Writes to whatever ``sys.stderr`` is at the moment (notebooks and tests replace it)."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(
            logging.Formatter("[%(levelname).1s %(asctime)s] %(message)s", "%Y-%m-%d %H:%M:%S")
        )

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


_handler = _StandardError()
if not _ROOT.handlers:
    _ROOT.addHandler(_handler)
    _ROOT.setLevel(INFO)
    _ROOT.propagate = False


def get_logger(name: str) -> logging.Logger:
    """A logger below Trimtab's."""
    return logging.getLogger(name)


def get_verbosity() -> int:
    """The level below which nothing is said."""
    return _ROOT.getEffectiveLevel()


def set_verbosity(verbosity: int) -> None:
    """Say nothing below this level (one of this module's, as in the standard library)."""
    _ROOT.setLevel(verbosity)


def disable_default_handler() -> None:
    """Write nothing to standard error."""
    _ROOT.removeHandler(_handler)


def enable_default_handler() -> None:
    """Write to standard error again."""
    if _handler not in _ROOT.handlers:
        _ROOT.addHandler(_handler)


def disable_propagation() -> None:
    """Keep records from the root logger."""
    _ROOT.propagate = False


def enable_propagation() -> None:
    """Hand records on to the root logger."""
    _ROOT.propagate = True


__all__ = [
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "WARNING",
    "disable_default_handler",
    "disable_propagation",
    "enable_default_handler",
    "enable_propagation",
    "get_logger",
    "get_verbosity",
    "set_verbosity",
]
