"""Tree-structured Parzen estimators."""

from trimtab.samplers.tpe.sampler import TPESampler

__all__ = ["TPESampler"]
