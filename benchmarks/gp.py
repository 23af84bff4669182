"""The Gaussian process: how fast it asks, and how good its points are."""

from __future__ import annotations

from benchmarks import gp_quality, gp_speed
from benchmarks.results import Options, Section


def run(options: Options) -> Section:
    """Both, as one section."""
    speed, quality = gp_speed.run(options), gp_quality.run(options)
    return Section(
        "Gaussian process",
        speed.figures + quality.figures,
        speed.tables + quality.tables,
        speed.notes + quality.notes,
    )
