"""The importance command."""

from __future__ import annotations

import click

from trimtab.cli.options import format_option, open_study, study_option

_EVALUATORS = {
    "ped-anova": "PedAnovaImportanceEvaluator",
    "fanova": "FanovaImportanceEvaluator",
    "mdi": "MeanDecreaseImpurityImportanceEvaluator",
}


@click.command()
@study_option
@click.option(
    "--method", type=click.Choice(list(_EVALUATORS)), default="ped-anova", show_default=True
)
@click.option("--objective", type=int, help="Which of several objectives, from 0.")
@format_option()
def importance(
    url: str | None,
    study_name: str | None,
    method: str,
    objective: int | None,
    style: str,
    flatten: bool,
) -> None:
    """Say which parameters matter, the most important first; they sum to 1."""
    import trimtab.importance
    from trimtab.cli.app import refuse
    from trimtab.cli.output import show_rows

    study = open_study(url, study_name)
    n = len(study.directions)
    if objective is not None and not 0 <= objective < n:
        refuse(f"`--objective`: expected 0 to {n - 1}, got {objective}.")
    found = trimtab.importance.get_param_importances(
        study,
        evaluator=getattr(trimtab.importance, _EVALUATORS[method])(),
        target=objective,
    )
    show_rows(
        [{"parameter": name, "importance": share} for name, share in found.items()], style, flatten
    )
