"""Trials: the live handle, and the record of one."""

from trimtab.records import FrozenTrial, TrialState
from trimtab.study.api import create_trial
from trimtab.study.fixed import FixedTrial
from trimtab.study.handle import BaseTrial
from trimtab.study.trial import Trial

__all__ = ["BaseTrial", "FixedTrial", "FrozenTrial", "Trial", "TrialState", "create_trial"]
