"""What a server prepares before it is asked."""

import pytest

import trimtab
from trimtab.dashboard import Settings
from trimtab.dashboard.app import guarded_app, open_context
from trimtab.dashboard.context import Context, StudyView
from trimtab.dashboard.security.asgi import Message, Receive, Scope, Send
from trimtab.dashboard.warming import warm_up
from trimtab.errors import StorageBusy
from trimtab.storage import InMemoryStorage


def _warm(*storages: InMemoryStorage, **options: str) -> tuple[Context, dict[str, int]]:
    """The context, and the statuses of what was visited."""
    context = open_context(storages, None, Settings(**options))  # type: ignore[arg-type]
    app = guarded_app(context)
    statuses: dict[str, int] = {}

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses[scope["path"]] = message["status"]
            await send(message)

        await app(scope, receive, note)

    warm_up(noting, context)
    return context, statuses


def _storage(name: str) -> InMemoryStorage:
    storage = InMemoryStorage()
    study = trimtab.create_study(study_name=name, storage=storage)
    study.tell(study.ask(), 1.0)
    return storage


@pytest.mark.parametrize("root", ["", "/below"])
def test_the_study_that_was_active_last_is_visited(root: str) -> None:
    _, statuses = _warm(_storage("old"), _storage("new"), root_path=root)
    assert set(statuses.values()) == {200}
    assert {root + "/", root + "/studies/1-1", root + "/studies/1-1/figures/history"} <= set(
        statuses
    )
    assert not any("0-1" in path for path in statuses)


def test_what_was_visited_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    context, _ = _warm(_storage("one"))

    def fail(view: StudyView, now: float) -> None:
        raise AssertionError(f"{view.ref} is looked at again")

    monkeypatch.setattr("trimtab.dashboard.glance._look", fail)
    assert context.glances.of(context.study("0-1"), 0.0).total == 1


def test_storages_that_are_empty_or_away_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    away = InMemoryStorage()

    def fail() -> None:
        raise StorageBusy("away")

    monkeypatch.setattr(away, "summaries", fail)
    _, statuses = _warm(InMemoryStorage())
    assert statuses["/"] == 200
    _, statuses = _warm(away, _storage("there"))
    assert statuses["/studies/1-1"] == 200
