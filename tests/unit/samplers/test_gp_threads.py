"""Linear algebra on one thread, and then as before."""

import pytest
import threadpoolctl

from trimtab.samplers.gp.threads import one_thread


def threads() -> int:
    """Of the library that SciPy uses."""
    import scipy.linalg  # noqa: F401 - its library is to be found

    found = threadpoolctl.threadpool_info()
    return max(int(each["num_threads"]) for each in found if each["user_api"] == "blas")


def test_one_thread_and_then_as_before() -> None:
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = threads()
        with one_thread():
            assert threads() == 1
            with one_thread():
                assert threads() == 1
            assert threads() == 1
        assert threads() == before


def test_an_error_lifts_it_too() -> None:
    before = threads()
    with pytest.raises(ValueError, match="within"), one_thread():
        raise ValueError("within")
    assert threads() == before
