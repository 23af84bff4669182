"""Floor 4: studies whose trials people compare, instead of giving them numbers.

The names and arguments are those of ``optuna_dashboard.preferential``; beyond them, the best of a
few can be chosen as well as the worst, every judgement can be taken back, and whatever a process
that died was making is made again.
"""

from trimtab.preferential.api import create_study, is_preferential, load_study
from trimtab.preferential.graph import PreferenceGraph, PreferenceNode, preference_graph
from trimtab.preferential.study import PreferentialStudy
from trimtab.samplers.preferential import Judgement, PreferentialGPSampler, PreferentialSampler

__all__ = [
    "Judgement",
    "PreferenceGraph",
    "PreferenceNode",
    "PreferentialGPSampler",
    "PreferentialSampler",
    "PreferentialStudy",
    "create_study",
    "is_preferential",
    "load_study",
    "preference_graph",
]
