"""Tunes a classifier of handwritten digits: run it, interrupt it, run it again.

    make demo

The study is kept in trimtab.db. However this program ends (Ctrl-C, `kill -9`, a power cut), the
next run goes on where it was. TRIMTAB_DEMO_TRIALS says how many trials are wanted in all. Once
they are there, and someone looks on (in a terminal, or with --serve, as `make demo` has it), the
dashboard shows them in a browser; --no-serve ends without.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # What follows takes a second to load, in which Ctrl-C interrupts nothing: it just ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

import trimtab

FILE = "trimtab.db"
STORAGE = f"sqlite:///{FILE}"
NAME = "digits"
TRIALS = int(os.environ.get("TRIMTAB_DEMO_TRIALS", "80"))

X, y = load_digits(return_X_y=True)  # 1,797 pictures of 8 × 8 pixels
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)

console = Console(highlight=False)


def make_model(trial: trimtab.Trial | trimtab.trial.FrozenTrial) -> Pipeline:
    """The classifier that a trial describes. Which parameters it has depends on its kind."""
    n_components = trial.suggest_int("n_components", 8, 48)
    kind = trial.suggest_categorical("classifier", ["svm", "forest", "network"])
    model: Any
    if kind == "svm":
        kernel = trial.suggest_categorical("kernel", ["rbf", "poly"])
        model = SVC(
            kernel=kernel,
            C=trial.suggest_float("C", 1e-2, 1e3, log=True),
            gamma=trial.suggest_float("gamma", 1e-3, 10.0, log=True),
            degree=trial.suggest_int("degree", 2, 5) if kernel == "poly" else 3,
        )
    elif kind == "forest":
        model = RandomForestClassifier(
            n_estimators=trial.suggest_int("n_estimators", 20, 200, step=20),
            max_depth=trial.suggest_int("max_depth", 3, 20),
            random_state=0,
        )
    else:
        model = MLPClassifier(
            hidden_layer_sizes=(trial.suggest_int("units", 16, 128, log=True),),
            alpha=trial.suggest_float("alpha", 1e-6, 1.0, log=True),
            learning_rate_init=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
            max_iter=40,
            random_state=0,
        )
    return make_pipeline(PCA(n_components, random_state=0), MinMaxScaler(), model)


def objective(trial: trimtab.Trial) -> float:
    """Accuracy in five-fold cross-validation."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Ctrl-C: scikit-learn takes it for the wish that a network should not be trained further.
        warnings.filterwarnings("error", "Training interrupted by user")
        try:
            model = make_model(trial)
            scores = cross_val_score(model, X_train, y_train, cv=folds, error_score="raise")
        except UserWarning as warning:
            raise KeyboardInterrupt from warning
    return float(scores.mean())


def main() -> int:
    """Run what is left to run, say what was found, and show it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--serve",
        action=argparse.BooleanOptionalAction,
        default=sys.stdout.isatty(),
        help="show the study in a browser in the end",
    )
    serve = parser.parse_args().serve
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    study = trimtab.create_study(
        storage=STORAGE,
        study_name=NAME,
        direction="maximize",
        sampler=trimtab.samplers.TPESampler(seed=1),
        load_if_exists=True,
    )
    done = len(study.history.finished)
    if done == 0:
        console.print(f"A new study, [bold]{NAME}[/], in {FILE}: {TRIALS} trials. Interrupt me.")
    elif done < TRIALS:
        console.print(
            f"Going on with [bold]{NAME}[/] in {FILE}: {done} of {TRIALS} trials are done."
        )
    else:
        console.print(
            f"All {done} trials of [bold]{NAME}[/] are in {FILE}; delete it to begin anew."
        )
    try:
        study.optimize(objective, total_trials=TRIALS, show_progress_bar=True)
    except KeyboardInterrupt:
        done = len(study.history.finished)
        console.print(f"Stopped after {done} of {TRIALS} trials. Run me again, and I go on.")
        return 130
    report(study)
    if serve:
        show()
    return 0


def show() -> None:
    """Serve the dashboard until Ctrl-C."""
    from trimtab.dashboard import run_server

    def announce(url: str) -> None:
        console.print(
            f"\n[bold]Look at it[/]: open {url}\nPress Ctrl-C to stop; the study stays in {FILE}.",
            soft_wrap=True,
        )

    with contextlib.suppress(KeyboardInterrupt):
        run_server(STORAGE, port=_free_port(), announce=announce)


def _free_port() -> int:
    """The dashboard's usual port, or 0 for any where that is taken."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", 8080)) == 0 else 8080


def report(study: trimtab.Study) -> None:
    """Print the best trial, what mattered, and what to do next."""
    best = study.best_trial
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        accuracy = make_model(best).fit(X_train, y_train).score(X_test, y_test)
    console.print(
        f"\n[bold]Best trial: number {best.number}[/]  accuracy {best.value:.4f} in "
        f"cross-validation, {accuracy:.4f} on {len(y_test)} pictures it never saw"
    )
    parameters = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    for name, value in best.params.items():
        parameters.add_row(name, Text(f"{value:.6g}" if isinstance(value, float) else str(value)))
    console.print(parameters)

    console.print("\n[bold]What mattered[/]")
    bars = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    with warnings.catch_warnings():
        # Of parameters that only few trials had: they are told below.
        warnings.simplefilter("ignore", trimtab.exceptions.TrimtabWarning)
        importances = trimtab.importance.get_param_importances(study)
    most = max(importances.values(), default=1.0) or 1.0
    shown = {name: share for name, share in importances.items() if share >= 0.001}
    for name, share in shown.items():
        bars.add_row(name, f"{share:6.1%}", Text("█" * round(30 * share / most), style="cyan"))
    console.print(bars)
    rest = [name for name in importances if name not in shown]
    if rest:
        console.print(f"  next to nothing, among the better trials: {', '.join(rest)}", style="dim")

    command = _command()
    console.print(
        f"""
[bold]What next[/]
  {command} dashboard {FILE}
  {command} demo sunset      # an example in which you are the judge
  {command} best-trial -s {FILE}
  {command} trials -s {FILE} --last 10
  {command} export -s {FILE} -o digits.csv
  TRIMTAB_DEMO_TRIALS={2 * TRIALS} make demo     # goes on to {2 * TRIALS} trials

and in Python, with `pip install 'trimtab\\[plot]'`:
  import trimtab
  study = trimtab.load_study(study_name="{NAME}", storage="{STORAGE}")
  trimtab.visualization.plot_optimization_history(study).show()""",
        soft_wrap=True,
    )


def _command() -> str:
    """How to call `trimtab` from here."""
    script = Path(sys.executable).parent / "trimtab"
    if not script.exists():
        return f"{Path(sys.executable).name} -m trimtab"
    return os.path.relpath(script) if script.is_relative_to(Path.cwd()) else "trimtab"


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before the first trial, or after the last
        sys.exit(130)
