"""Of a trainable that cannot be sent it is said what in it cannot, and where that is."""

import threading
from functools import partial
from typing import Any

import cloudpickle
import pytest

from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.tune.executors.packing import packed

LOCK = threading.Lock()


class Model:
    """Holds what cannot be sent."""

    def __init__(self) -> None:
        self.size = 3
        self.lock = LOCK

    def train(self, config: dict[str, Any]) -> int:
        return self.size


class Held(tune.Trainable):
    lock = LOCK

    def step(self) -> dict[str, Any]:
        return {"loss": 1.0}


def directly(config: dict[str, Any]) -> bool:
    return LOCK.locked()


def by_default(config: dict[str, Any], lock: Any = LOCK) -> None:
    return None


def by_a_variable() -> Any:
    held = {"inner": [1, LOCK]}
    return lambda config: len(held)


@pytest.fixture(autouse=True)
def _this_module_goes_by_value() -> Any:
    """As what a script or a notebook defines does."""
    import sys

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.parametrize(
    ("trainable", "place"),
    [
        (directly, "the global 'LOCK' that directly uses"),
        (by_default, "the default of 'lock'"),
        (
            by_a_variable(),
            "the item 1 of the item 'inner' of the variable 'held' that <lambda> uses",
        ),
        (Held, "the attribute 'lock'"),
        (Model().train, "the attribute 'lock' of its object"),
        (partial(dict, lock=LOCK), "the argument 'lock'"),
        (
            tune.with_parameters(lambda config, model: 1, model=Model()),
            "the attribute 'lock' of the item 'model' of the variable 'parameters'",
        ),
        (LOCK.acquire, "and it cannot be"),
    ],
    ids=["global", "default", "variable", "class", "method", "partial", "parameters", "builtin"],
)
def test_what_cannot_be_sent(trainable: Any, place: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        packed(trainable)
    text = str(raised.value)
    assert text.startswith("`trainable`: expected what can be sent to another process")
    assert place in text
    assert "cannot pickle '_thread.lock' object" in text
    assert "executor='inline'" in text


def test_what_can_be_sent() -> None:
    function = cloudpickle.loads(packed(lambda config: config["a"] + 1))
    assert function({"a": 1}) == 2
