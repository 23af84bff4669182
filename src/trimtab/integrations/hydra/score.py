"""One number for a whole learning curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trimtab.errors import InvalidArgument
from trimtab.space.checks import check_count


def hyperopt_score(history: Sequence[float], last_n: int, n_epochs: int | None = None) -> float:
    """The mean of a run's evaluations and of its last ones, halved.

    With evaluations h of all epochs, ``(mean(h) + mean(h[-last_n:])) / 2``: the first half rewards
    learning soon, the second ending well. It is in the unit of the metric: success rates from 0 to
    1 give scores from 0 to 1, and returns below 0 scores below 0, of which the greater is the
    better, too.

    A run that was stopped early because it was good enough is taken to go on as it ended: its
    missing epochs count as the mean of its last evaluations. So it scores at least what it would
    have, had it kept its level, and reaching the level sooner scores more. A run that was
    stopped because it diverged has no score: let it raise, or return NaN, and it fails.

    (Dividing by the number of epochs that were run instead would give a run twice the score for
    ending in half the time, whatever it learnt, and would put long runs in front where returns
    are below 0.)

    Args:
        history: One evaluation an epoch, in order: finite numbers, at least one.
        last_n: How many of the last ones count for the second half, at least 1; all where there
            are fewer.
        n_epochs: Of a run that is not stopped early; None: as many as there are evaluations.

    Raises:
        InvalidArgument: If there is no evaluation, one is not finite, or there are more than
            ``n_epochs``.
        InvalidType: If a number is not a whole one where it has to be.
    """
    check_count("last_n", last_n, 1)
    values = [float(value) for value in history]
    if not values or not all(map(math.isfinite, values)):
        raise InvalidArgument("history", "at least one number, all of them finite", history)
    missing = 0
    if n_epochs is not None:
        missing = check_count("n_epochs", n_epochs, 1) - len(values)
        if missing < 0:
            raise InvalidArgument("history", f"at most {n_epochs} evaluations", len(values))
    last = values[-last_n:]
    level = math.fsum(last) / len(last)
    whole = (math.fsum(values) + missing * level) / (len(values) + missing)
    return (whole + level) / 2.0
