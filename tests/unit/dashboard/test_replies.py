"""What was answered is remembered: for a while, and not without end."""

import threading
import time

import pytest

from trimtab.dashboard.api import replies as module
from trimtab.dashboard.api.replies import Replies, Reply
from trimtab.errors import StorageBusy


class Work:
    """Counts how often it is done."""

    def __init__(self, status: int = 200, body: bytes = b"x") -> None:
        self.times = 0
        self._status, self._body = status, body

    def __call__(self) -> Reply:
        self.times += 1
        return Reply(self._status, self._body + b"%d" % self.times)


def test_one_key_is_one_request() -> None:
    replies, work = Replies(), Work()
    assert replies.once("a", work) == replies.once("a", work) == Reply(200, b"x1")
    assert replies.once("b", work) == Reply(200, b"x2")


def test_a_busy_storage_is_asked_again() -> None:
    replies, work = Replies(), Work(503)
    assert replies.once("a", work) != replies.once("a", work)
    assert len(replies) == 0


def test_what_failed_is_done_again() -> None:
    replies, work = Replies(), Work()

    def fails() -> Reply:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replies.once("a", fails)
    assert replies.once("a", work) == Reply(200, b"x1")


def test_age_number_and_size_have_limits() -> None:
    now = [0.0]
    replies = Replies(seconds=10.0, entries=3, size=100, clock=lambda: now[0])
    work = Work()
    for key in "abcd":
        replies.once(key, work)
    assert len(replies) == 3
    replies.once("a", work)
    assert work.times == 5, "the oldest was forgotten"
    replies.once("large", Work(body=b"x" * 90))
    assert len(replies) <= 3
    replies.once("larger", Work(body=b"x" * 200))
    assert len(replies) == 0
    replies.once("z", work)
    now[0] = 11.0
    replies.once("y", work)
    assert len(replies) == 1


def test_who_comes_meanwhile_waits_for_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    replies, begun, over = Replies(), threading.Event(), threading.Event()
    answers: list[Reply] = []

    def slow() -> Reply:
        begun.set()
        over.wait(60.0)
        return Reply(200, b"slow")

    threads = [
        threading.Thread(target=lambda: answers.append(replies.once("a", slow))) for _ in range(3)
    ]
    threads[0].start()
    assert begun.wait(60.0)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_PATIENCE", 0.01)
        with pytest.raises(StorageBusy):
            replies.once("a", slow)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.02)
    over.set()
    for thread in threads:
        thread.join(60.0)
    assert answers == [Reply(200, b"slow")] * 3
