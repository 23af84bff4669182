"""A network that learns handwritten digits, epoch by epoch: what `pbt_digits.py` and
`asha_digits.py` tune.
"""

from __future__ import annotations

import pickle
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from trimtab import tune

DIGITS = np.arange(10)


@cache
def data() -> list[Any]:
    """Pictures and digits to learn from, and as many to judge by: X, X_test, y, y_test."""
    X, y = load_digits(return_X_y=True)
    parts: list[Any] = train_test_split(
        X / 16.0, y, train_size=700, test_size=700, random_state=0, stratify=y
    )
    return parts


def train(config: dict[str, Any]) -> None:
    """One network; each report is an epoch."""
    X, X_test, y, y_test = data()
    model = MLPClassifier(
        hidden_layer_sizes=(32,), solver="sgd", batch_size=50, random_state=config.get("seed", 0)
    )
    epoch = 0
    checkpoint = tune.get_checkpoint()
    if checkpoint:
        with checkpoint.as_directory() as folder:
            # Yours or another member's: never unpickle what you did not write.
            model, epoch = pickle.loads(Path(folder, "model.pkl").read_bytes())
    while True:
        # A member that took over a network trains it with settings of its own.
        model.set_params(learning_rate_init=config["rate"], alpha=config["alpha"])
        if epoch:
            model._optimizer.learning_rate = model._optimizer.learning_rate_init = config["rate"]
            model._optimizer.momentum = config["momentum"]
        else:
            model.set_params(momentum=config["momentum"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # one that diverges overflows
            try:
                model.partial_fit(X, y, classes=DIGITS)
                guess = model.predict_proba(X_test)
            except ValueError:
                if all(np.isfinite(weights).all() for weights in model.coefs_):
                    raise
                guess = np.full((len(y_test), 10), np.nan)
        epoch += 1
        is_lost = not np.isfinite(guess).all()
        metrics = {
            "loss": np.nan if is_lost else log_loss(y_test, guess, labels=DIGITS),
            "accuracy": 0.0 if is_lost else float((guess.argmax(axis=1) == y_test).mean()),
            "rate": config["rate"],
        }
        if epoch % config.get("checkpoint_interval", 1):
            tune.report(metrics)
            continue
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "model.pkl").write_bytes(pickle.dumps((model, epoch)))
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))
