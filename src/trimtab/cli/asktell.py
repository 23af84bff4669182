"""The ask and tell commands: a study driven from a shell."""

from __future__ import annotations

from typing import Any

import click

from trimtab.cli.app import refuse
from trimtab.cli.options import Spread, format_option, open_study, parse_json, study_option


@click.command()
@study_option
@click.option(
    "--sampler", metavar="CLASS", help="A class of trimtab.samplers; AutoSampler if not given."
)
@click.option("--sampler-kwargs", metavar="JSON", help="Its arguments: '{\"seed\": 1}'")
@click.option(
    "--search-space",
    metavar="JSON",
    help='By name, what `trimtab.distributions.distribution_to_json` writes: \'{"x": {"name": '
    '"FloatDistribution", "attributes": {"low": 0, "high": 1}}}\'',
)
@click.option(
    "--lease",
    type=float,
    metavar="SECONDS",
    help="Another ask may take the trial over when it is not told in so many seconds.",
)
@format_option("json")
def ask(
    url: str | None,
    study_name: str | None,
    sampler: str | None,
    sampler_kwargs: str | None,
    search_space: str | None,
    lease: float | None,
    style: str,
    flatten: bool,
) -> None:
    """Begin a trial and print its number and parameters."""
    from trimtab.cli.output import show_row
    from trimtab.space import from_optuna

    space = {} if search_space is None else parse_json("--search-space", search_space, dict)
    distributions = {name: from_optuna(content) for name, content in space.items()}
    study = open_study(url, study_name, sampler=_sampler(sampler, sampler_kwargs))
    trial = study.ask(distributions, lease=lease)
    show_row({"number": trial.number, "params": trial.params}, style, flatten)


def _sampler(name: str | None, kwargs: str | None) -> Any:
    if name is None:
        if kwargs is not None:
            refuse("`--sampler-kwargs`: expected together with --sampler, got it alone.")
        return None
    from trimtab import samplers

    known = sorted(
        public
        for public in samplers.__all__
        if isinstance(getattr(samplers, public), type)
        and issubclass(getattr(samplers, public), samplers.Sampler)
        and public != "Sampler"
    )
    if name not in known:
        refuse(f"`--sampler`: expected one of {', '.join(known)}, got {name!r}.")
    arguments = {} if kwargs is None else parse_json("--sampler-kwargs", kwargs, dict)
    try:
        return getattr(samplers, name)(**arguments)
    except TypeError as error:
        refuse(f"`--sampler-kwargs`: expected arguments of {name}, got {kwargs}: {error}.")


@click.command(cls=Spread)
@study_option
@click.option("--trial-number", type=int, required=True)
@click.option("--values", type=float, multiple=True, help="One per objective: --values 0.5 12")
@click.option("--sems", type=float, multiple=True, help="Their standard errors.")
@click.option("--state", type=click.Choice(["complete", "pruned", "fail"]))
@click.option("--skip-if-finished", is_flag=True, help="Do nothing if the trial has finished.")
def tell(
    url: str | None,
    study_name: str | None,
    trial_number: int,
    values: tuple[float, ...],
    sems: tuple[float, ...],
    state: str | None,
    skip_if_finished: bool,
) -> None:
    """End a trial. NaN and infinities make it fail, as they do in Python."""
    from trimtab.records import TrialState

    if not values and state is None:
        refuse("Missing option '--values' or '--state'.")
    study = open_study(url, study_name)
    if values and len(values) != len(study.directions):
        # In Python this fails the trial; here it is more likely a slip of the hand.
        refuse(f"`--values`: expected {len(study.directions)} of them, got {len(values)}.")
    study.tell(
        trial_number,
        list(values) or None,
        None if state is None else TrialState[state.upper()],
        skip_if_finished,
        sems=list(sems) or None,
    )
