"""Where Trimtab differs from Optuna on purpose: what scripts see, and what users are told."""

from __future__ import annotations

REASONS = {
    "direction": "Opening a study with a direction it does not have raises `ValueError`",
    "typed": "raise `TypeError` or `ValueError` where Optuna happens to raise another",
    "step and log": "`step` and `log` go together",
    "inf": "Infinities are no objective values",
    "text": "A number in quotes is not a number",
    "retell": "Telling the same result twice is answered the same",
    "attrs": "Attributes must be JSON in every storage",
    "late attrs": "An attribute can be set on a trial that has finished",
    "half": "A queued value that is no integer is refused",
    "frozen": "A `FrozenTrial` does not change",
    "unfinished": "A trial has values only when it has ended",
}
"""By key: words of docs/how-to/from-optuna.md that tell users of it."""

DIFFERENT = {
    "creating: open another direction": "direction",
    "asking: no mapping": "typed",
    "asking: no distribution": "typed",
    "asking: trials": "typed",
    "suggesting: int step and log": "step and log",
    "suggesting: float step and log": "step and log",
    "suggesting: nan bound": "typed",
    "suggesting: infinite bound": "typed",
    "telling_what_cannot_be: a number in words": "text",
    "telling_what_cannot_be: a number in words, stored": "text",
    "telling_what_cannot_be: a number in words: warnings": "text",
    "telling_what_cannot_be: inf": "inf",
    "telling_what_cannot_be: inf: warnings": "inf",
    "telling_what_cannot_be: inf, stored": "inf",
    "telling_what_cannot_be: inf, values": "inf",
    "telling_what_cannot_be: -inf": "inf",
    "telling_what_cannot_be: -inf: warnings": "inf",
    "telling_what_cannot_be: -inf, stored": "inf",
    "telling_what_cannot_be: -inf, values": "inf",
    "telling_twice: same value": "retell",
    "telling_twice: negative number": "typed",
    "reporting: numeric text": "text",
    "reporting: stored": "text",
    "user_attributes: study: no JSON": "attrs",
    "user_attributes: trial: no JSON": "attrs",
    "user_attributes: stored": "attrs",
    "user_attributes: after the end": "late attrs",
    "queueing: half an integer": "half",
    "queueing: half an integer: warnings": "half",
    "adding: no trial": "typed",
    "adding: create: inf": "inf",
    "adding: create: running with a value": "unfinished",
    "fixed_trial: other kind": "half",
    "fixed_trial: other kind: warnings": "half",
    "frozen_trial: set a value": "frozen",
    "frozen_trial: attributes": "frozen",
    "frames: unknown": "typed",
}
"""Label of `optuna_scripts` → key of the reason."""
