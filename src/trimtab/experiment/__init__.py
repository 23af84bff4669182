"""Floor 6: experiments whose trials run elsewhere; the names are those of the Ax platform."""

from trimtab.experiment.arm import Arm, GeneratorRun
from trimtab.experiment.batch import BatchTrial
from trimtab.experiment.data import Data
from trimtab.experiment.experiment import Experiment
from trimtab.experiment.generators import Generators, Models
from trimtab.experiment.metric import Metric
from trimtab.experiment.objective import (
    ComparisonOp,
    MultiObjective,
    Objective,
    OptimizationConfig,
    OutcomeConstraint,
)
from trimtab.experiment.orchestrator import Orchestrator
from trimtab.experiment.parameters import (
    ChoiceParameter,
    FixedParameter,
    ParameterType,
    RangeParameter,
)
from trimtab.experiment.runner import Runner
from trimtab.experiment.sampling import Generation
from trimtab.experiment.space import SearchSpace
from trimtab.experiment.status import TrialStatus
from trimtab.experiment.trial import Trial

__all__ = [
    "Arm",
    "BatchTrial",
    "ChoiceParameter",
    "ComparisonOp",
    "Data",
    "Experiment",
    "FixedParameter",
    "Generation",
    "GeneratorRun",
    "Generators",
    "Metric",
    "Models",
    "MultiObjective",
    "Objective",
    "OptimizationConfig",
    "Orchestrator",
    "OutcomeConstraint",
    "ParameterType",
    "RangeParameter",
    "Runner",
    "SearchSpace",
    "Trial",
    "TrialStatus",
]
