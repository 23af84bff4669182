"""Floor 0: functions with known minima, to try a sampler or a tutorial on."""

from trimtab.benchmarks.synthetic import SyntheticFunction, branin, hartmann6

__all__ = ["SyntheticFunction", "branin", "hartmann6"]
