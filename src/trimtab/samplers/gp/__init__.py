"""Gaussian processes in NumPy and SciPy."""

from trimtab.samplers.gp.sampler import GPSampler

__all__ = ["GPSampler"]
