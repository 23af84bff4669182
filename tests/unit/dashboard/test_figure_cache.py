"""Figures are kept until there are too many."""

import functools
import gzip
import threading

import pytest

from trimtab.dashboard.figure_cache import FigureCache


def test_a_figure_is_drawn_once() -> None:
    cache, drawn = FigureCache(), []

    def draw() -> str:
        drawn.append(1)
        return "a figure"

    assert gzip.decompress(cache.get("key", draw)) == b"a figure"
    assert cache.get("key", draw) == cache.get("key", draw)
    assert len(drawn) == 1


def test_the_one_used_least_goes_first() -> None:
    body = "".join(chr(32 + i % 90) for i in range(50))
    one = len(gzip.compress(body.encode(), 1))
    cache = FigureCache(size=2 * one)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda: body)
    drawn: list[str] = []

    def draw(key: str) -> str:
        drawn.append(key)
        return body

    for key in ("a", "c", "b"):
        cache.get(key, functools.partial(draw, key))
    assert drawn == ["b"]


def test_a_figure_larger_than_the_cache_is_given_and_not_kept() -> None:
    cache = FigureCache(size=1)
    assert gzip.decompress(cache.get("key", lambda: "large")) == b"large"
    assert gzip.decompress(cache.get("key", lambda: "again")) == b"again"


def test_a_figure_that_fails_does_not_stop_the_next() -> None:
    cache = FigureCache()

    def fail() -> str:
        raise ValueError("no figure")

    with pytest.raises(ValueError, match="no figure"):
        cache.get("key", fail)
    assert gzip.decompress(cache.get("key", lambda: "a figure")) == b"a figure"


def test_many_who_ask_at_once_share_one_drawing() -> None:
    cache, drawn, begin = FigureCache(), [], threading.Barrier(4)

    def draw() -> str:
        drawn.append(1)
        return "a figure"

    def ask() -> None:
        begin.wait(60)
        cache.get("key", draw)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 1
