"""Calls that scripts for Ray make: they do nothing, and say so where that matters."""

import warnings

import pytest

from trimtab.errors import TrimtabWarning
from trimtab.tune import ray_names as ray


def test_the_usual_calls_do_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if ray.is_initialized():
            ray.shutdown()
        ray.init(ignore_reinit_error=True, logging_level=30)
    assert ray.is_initialized()


def test_options_that_would_matter_are_warned_of() -> None:
    with pytest.warns(TrimtabWarning, match=r"num_cpus.*ProcessExecutor\(num_cpus="):
        ray.init(num_cpus=4)
    with pytest.warns(TrimtabWarning, match=r"`address` has no effect.*executor='ray'"):
        ray.init("auto")
