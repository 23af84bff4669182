"""What can be tuned: functions, generators and classes, all run the same way."""

from __future__ import annotations

import inspect
import logging
import numbers
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from trimtab.errors import InvalidType
from trimtab.tune.checkpoint import Checkpoint
from trimtab.tune.resources import PlacementGroupFactory, as_needs
from trimtab.tune.session import Ended, Session

_logger = logging.getLogger(__name__)

RETURNED: Final = "_metric"
"""The metric's name where a trainable returns or yields a bare number."""
DONE: Final = "done"
SHOULD_CHECKPOINT: Final = "should_checkpoint"


class Trainable:
    """A trainable with its state in itself, for subclassing.

    Args:
        config: What it is to be trained with.

    Attributes:
        config: Likewise.
        iteration: How many steps lie behind its state.
    """

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.config = dict(config or {})
        self.iteration = 0
        self.setup(self.config)

    @property
    def training_iteration(self) -> int:
        """How many steps lie behind its state."""
        return self.iteration

    def setup(self, config: dict[str, Any]) -> None:
        """Make what is trained."""

    def step(self) -> dict[str, Any]:
        """Train for one iteration.

        Returns:
            Metrics. ``done``: whether it is to end; ``should_checkpoint``: whether to save now.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `step`")

    def save_checkpoint(self, checkpoint_dir: str) -> Any:
        """Save the state in a folder; or return it, a dictionary that pickle can save."""
        raise NotImplementedError(f"{type(self).__name__} has no `save_checkpoint`")

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Load what `save_checkpoint` saved: from its folder, or the dictionary it returned."""
        raise NotImplementedError(f"{type(self).__name__} has no `load_checkpoint`")

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take on another config, for another trial, without being made anew.

        It is asked with ``TuneConfig(reuse_actors=True)``; ``config`` is the new one already. What
        the trial goes on from, if anything, is loaded after it.

        Returns:
            Whether that was possible; if not, this object cleans up, and another is made.
        """
        del new_config
        return False

    def log_result(self, result: dict[str, Any]) -> None:
        """Be told of a result as it is reported."""

    def cleanup(self) -> None:
        """Let go of what `setup` took."""

    @classmethod
    def default_resource_request(cls, config: dict[str, Any]) -> Any:
        """What a trial with this config needs: a dictionary or bundles; None: what the run says."""
        del config


def check_trainable(trainable: Any) -> Any:
    """``trainable`` if it is one.

    Raises:
        InvalidType: If it is neither a `Trainable` class nor a function of the config.
    """
    if inspect.isclass(trainable):
        if not issubclass(trainable, Trainable):
            raise InvalidType("trainable", "a subclass of trimtab.tune.Trainable", trainable)
    elif not callable(trainable):
        raise InvalidType("trainable", "a function of the config, or a Trainable class", trainable)
    return trainable


def with_parameters(trainable: Any, **parameters: Any) -> Any:
    """A trainable that is also given these, large or not: each worker gets them once.

    Args:
        trainable: A function, which takes them as keywords, or a class, whose ``setup`` does.
        parameters: By name.
    """
    check_trainable(trainable)
    if inspect.isclass(trainable):
        base: Any = trainable

        class WithParameters(base):  # type: ignore[misc]  # a class that is only known here
            def setup(self, config: dict[str, Any]) -> None:
                super().setup(config, **parameters)

        WithParameters.__name__ = WithParameters.__qualname__ = trainable.__name__
        return WithParameters

    def function(config: dict[str, Any]) -> Any:
        return trainable(config, **parameters)

    function.__name__ = name_of(trainable)
    return _like(function, trainable)


def with_resources(trainable: Any, resources: Any) -> Any:
    """A trainable whose trials each need so much.

    Args:
        trainable: A function or class.
        resources: By name (``{"cpu": 2, "gpu": 0.5}``), in bundles, or a function of the config
            that returns either. What is not named is not needed, as in Ray Tune: of ``{"gpu": 1}``
            as many run as there are GPUs.

    Raises:
        InvalidType: If it is none of these.
        InvalidArgument: If an amount is none.
    """
    check_trainable(trainable)
    made = with_parameters(trainable)
    made.trimtab_resources = resources if callable(resources) else as_needs(resources)
    return made


class Needs:
    """What the trials of a trainable need.

    What the trainable says counts before what the run says.

    Args:
        trainable: Perhaps one `with_resources`, or a class with a ``default_resource_request``.
        per_trial: What the run says; None: a processor.

    Attributes:
        same: What all trials need; None where that depends on the config.

    Raises:
        InvalidType: If what the run says is nothing of the kind.
    """

    def __init__(self, trainable: Any, per_trial: Any = None) -> None:
        self._rest: Any = per_trial if callable(per_trial) else as_needs(per_trial)
        self._asked: Any = getattr(trainable, "trimtab_resources", None)
        if self._asked is None and _requests(trainable):
            self._asked = trainable.default_resource_request
        if self._asked is None:
            self._asked = self._rest
        self.same = None if callable(self._asked) else as_needs(self._asked)

    def __call__(self, config: dict[str, Any]) -> PlacementGroupFactory:
        """What a trial with this config needs.

        Raises:
            Exception: What functions of users raise.
        """
        if self.same is not None:
            return self.same
        asked = self._asked(dict(config))
        if asked is None:
            asked = self._rest(dict(config)) if callable(self._rest) else self._rest
        return as_needs(asked)


def _requests(trainable: Any) -> bool:
    """Whether it is a class that says itself what its trials need."""
    if not inspect.isclass(trainable):
        return False
    owner = next(each for each in trainable.__mro__ if "default_resource_request" in vars(each))
    return owner is not Trainable


def name_of(trainable: Any) -> str:
    """What a trainable is called."""
    return str(getattr(trainable, "__name__", type(trainable).__name__))


def _like(function: Callable[..., Any], original: Any) -> Any:
    asked = getattr(original, "trimtab_resources", None)
    if asked is not None:
        function.trimtab_resources = asked  # type: ignore[attr-defined]  # a mark of our own
    return function


class Made:
    """Objects of class trainables: made for a trial, perhaps kept for one that follows.

    Args:
        reuse: Whether they are kept.
    """

    def __init__(self, *, reuse: bool = False) -> None:
        self._reuse = reuse
        self._kept: list[Trainable] = []

    @contextmanager
    def one(self, trainable: type[Trainable], config: dict[str, Any]) -> Iterator[Trainable]:
        """An object with that config; after a failure it cleans up."""
        state = self._again(config) or trainable(config)
        try:
            yield state
        except Ended:
            self._put(state)
            raise
        except BaseException:
            state.cleanup()
            raise
        self._put(state)

    def _again(self, config: dict[str, Any]) -> Trainable | None:
        if not self._kept:
            return None
        state = self._kept.pop()
        state.config = dict(config)
        try:
            is_reset = state.reset_config(state.config)
        except BaseException:
            state.cleanup()
            raise
        if not is_reset:
            state.cleanup()
            return None
        return state

    def _put(self, state: Trainable) -> None:
        if self._reuse:
            self._kept.append(state)
        else:
            state.cleanup()

    def close(self) -> None:
        """Clean up what is kept."""
        while self._kept:
            try:
                self._kept.pop().cleanup()
            except Exception:
                _logger.warning("A trainable failed to clean up.", exc_info=True)


def run(trainable: Any, session: Session, made: Made) -> str | None:
    """Train to the end.

    Args:
        trainable: What is trained.
        session: Of the trial.
        made: Where objects of classes come from.

    Returns:
        Name of a checkpoint that was made at the end, or None.

    Raises:
        Ended: If the run told it to end.
    """
    if isinstance(trainable, type):
        with made.one(trainable, session.assignment.config) as state:
            return _run_class(state, session)
    outcome = trainable(session.assignment.config)
    if inspect.isgenerator(outcome):
        try:
            for told in outcome:
                session.report(_metrics(told))
        finally:
            outcome.close()
    elif outcome is not None:
        session.report(_metrics(outcome))
    return None


def _metrics(told: Any) -> Mapping[str, Any]:
    if isinstance(told, Mapping):
        return told
    if isinstance(told, numbers.Real):
        return {RETURNED: told}
    raise InvalidType("trainable", "a number or a dictionary returned by it", told)


def _run_class(state: Trainable, session: Session) -> str | None:
    saved_at = -1
    try:
        if session.checkpoint is not None:
            _load(state, session.checkpoint)
        state.iteration = session.iteration
        while True:
            result = dict(state.step())
            state.iteration += 1
            done = bool(result.pop(DONE, False))
            wanted = bool(result.pop(SHOULD_CHECKPOINT, False)) or session.saves_next()
            state.log_result(result)
            saved = None
            if wanted:
                saved_at = session.step + 1
                saved = _save(state, session.draft(saved_at))
            try:
                session.report(result, saved, done=done)
            finally:
                if saved is not None:
                    shutil.rmtree(saved.path, ignore_errors=True)
            if done:
                return None
    except Ended:
        if session.assignment.save_at_end and saved_at != session.step:
            return session.keep(_save(state, session.draft(session.step)).path)
        raise


def _save(state: Trainable, folder: str) -> Checkpoint:
    import pickle

    told = state.save_checkpoint(folder)
    if told is not None and not isinstance(told, (str, bytes)):
        # The trainable's own state, in its own process: nothing else ever opens it.
        with Path(folder, _PICKLED).open("wb") as stream:
            pickle.dump(told, stream)
    return Checkpoint(folder)


def _load(state: Trainable, checkpoint: Checkpoint) -> None:
    import pickle

    try:
        with Path(checkpoint.path, _PICKLED).open("rb") as stream:
            state.load_checkpoint(pickle.load(stream))  # noqa: S301 - its own, as it saved it
    except FileNotFoundError:
        state.load_checkpoint(checkpoint.path)


_PICKLED = "state.pkl"
