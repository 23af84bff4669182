"""A write over HTTP whose answer is lost is sent again, and done once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.crash.proxy import Proxy
from tests.served import TOKEN, served
from trimtab.errors import DuplicateStudy, TrialFinished, UnknownStudy
from trimtab.records import FrozenTrial, Outcome, StudyDirection, TrialState, TrialUpdate
from trimtab.storage import Draft, HTTPStorage, InMemoryStorage, Lease

MINIMIZE = (StudyDirection.MINIMIZE,)
DONE = Outcome(TrialState.COMPLETE, (1.0,))


class Lossy:
    """A storage behind a server behind a proxy, with one study that has one running trial."""

    def __init__(self, behind: InMemoryStorage, client: HTTPStorage, proxy: Proxy) -> None:
        self.behind, self.client, self.proxy = behind, client, proxy
        self.study_id = client.create_study("s", MINIMIZE).id
        client.start(self.study_id, Draft(), Lease())

    def states(self) -> list[str]:
        """Of the study's trials as they are in the storage."""
        return [trial.state.name for trial in self.behind.history(self.study_id).trials()]


@pytest.fixture
def lossy() -> Iterator[Lossy]:
    behind = InMemoryStorage()
    with (
        served(behind) as url,
        Proxy("127.0.0.1", int(url.rpartition(":")[2]), marker=b"POST ") as proxy,
        HTTPStorage(f"http://127.0.0.1:{proxy.port}", TOKEN, timeout=20.0) as client,
    ):
        yield Lossy(behind, client, proxy)


WRITES: list[tuple[str, Callable[[HTTPStorage, int], Any], list[str]]] = [
    ("start", lambda s, i: s.start(i, Draft(), Lease()), ["RUNNING", "RUNNING"]),
    (
        "add",
        lambda s, i: s.add(i, [FrozenTrial.build(0, TrialState.WAITING)] * 2),
        ["RUNNING", "WAITING", "WAITING"],
    ),
    ("create", lambda s, i: s.create_study("t", MINIMIZE), ["RUNNING"]),
    ("finish", lambda s, i: s.finish(i, 0, 1, DONE), ["COMPLETE"]),
    ("write", lambda s, i: s.write(i, 0, 1, TrialUpdate(user_attrs={"a": 1})), ["RUNNING"]),
    ("expire", lambda s, i: s.expire(i, 0, 1), ["RUNNING"]),
    ("delete", lambda s, i: s.delete_trials(i, [0]), []),
    ("pause", lambda s, i: s.set_state(i, 0, 1, TrialState.PAUSED), ["PAUSED"]),
]


@pytest.mark.parametrize("losses", [1, 3])
@pytest.mark.parametrize(("name", "write", "states"), WRITES, ids=[name for name, *_ in WRITES])
def test_a_write_is_done_once(
    lossy: Lossy,
    name: str,
    write: Callable[[HTTPStorage, int], Any],
    states: list[str],
    losses: int,
) -> None:
    before = lossy.behind.study(lossy.study_id).revision
    with lossy.proxy.losing_commits(losses):
        write(lossy.client, lossy.study_id)
    assert lossy.proxy.lost == losses
    assert lossy.states() == states
    assert lossy.behind.study(lossy.study_id).revision - before <= len(states) + 1


def test_what_was_answered_is_what_is_stored(lossy: Lossy) -> None:
    with lossy.proxy.losing_commits(1):
        record = lossy.client.create_study("t", MINIMIZE)
    assert lossy.behind.find_study("t") == record
    with lossy.proxy.losing_commits(1):
        trial = lossy.client.start(record.id, Draft(user_attrs={"a": 1}), Lease())
    assert trial == lossy.behind.trial(record.id, 0)
    with lossy.proxy.losing_commits(1):
        assert lossy.client.finish(record.id, 0, 1, DONE) == lossy.behind.trial(record.id, 0)


def test_a_refusal_is_remembered_too(lossy: Lossy) -> None:
    with lossy.proxy.losing_commits(1), pytest.raises(DuplicateStudy):
        lossy.client.create_study("s", MINIMIZE)
    lossy.client.finish(lossy.study_id, 0, 1, DONE)
    with lossy.proxy.losing_commits(1), pytest.raises(TrialFinished):
        lossy.client.finish(lossy.study_id, 0, 1, Outcome(TrialState.FAIL))
    with lossy.proxy.losing_commits(1):
        lossy.client.delete_study(lossy.study_id)  # not UnknownStudy: it was there
    with pytest.raises(UnknownStudy):
        lossy.client.study(lossy.study_id)
