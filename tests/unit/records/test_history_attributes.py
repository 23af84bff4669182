"""Attributes that a history takes over from changed trials."""

from trimtab.records import FrozenTrial, History, StudyDirection, TrialState


def test_the_last_attribute_can_be_removed() -> None:
    history = History((StudyDirection.MINIMIZE,))
    trial = FrozenTrial.build(
        0, TrialState.RUNNING, started=1, user_attrs={"a": 1}, system_attrs={"b": 2}
    )
    history.apply(trial)
    history.apply(trial.replace(user_attrs={}, system_attrs={}))
    assert history.trial(0).user_attrs == {}
    assert history.trial(0).system_attrs == {}
