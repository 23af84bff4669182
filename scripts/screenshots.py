"""Pictures of the pages for the documentation: `python -m scripts.screenshots [NAME]...`, into
docs/images.

What they show is real: a classifier of digits that is tuned here, a sunset that a pretended eye has
rated and colours that it has compared. It takes two minutes.
"""

import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

import trimtab
from tests.browser.served import Served, served
from tests.services.chromium import ARGUMENTS, provide_chromium
from trimtab import preferential
from trimtab.artifacts import FileSystemArtifactStore, get_artifact_path, save_note, upload_artifact
from trimtab.dashboard import (
    ChoiceWidget,
    register_objective_form_widgets,
    register_preference_feedback_component,
)
from trimtab.dashboard.ratings import rate

OUT = Path("docs/images")
IN_MIND = (250, 110, 60)
NOTE = """# Digits

A support vector machine; for `rbf` the kernel is

$$k(x, x') = e^{-\\gamma \\lVert x - x' \\rVert^2}$$

```python
SVC(C=10.0, gamma=1e-3, kernel="rbf").fit(images, digits)
```

| fold | rows | seconds |
|---|---:|---:|
| 1 | 300 | 0.02 |
| 2 | 300 | 0.02 |
"""


def _tune_digits(storage: str, name: str, sampler: trimtab.samplers.BaseSampler) -> trimtab.Study:
    x, y = load_digits(return_X_y=True)

    def objective(trial: trimtab.Trial) -> float:
        kernel = trial.suggest_categorical("kernel", ["rbf", "poly", "linear"])
        model = SVC(
            C=trial.suggest_float("C", 1e-3, 1e2, log=True),
            gamma=trial.suggest_float("gamma", 1e-5, 1e-1, log=True),
            kernel=kernel,
            degree=trial.suggest_int("degree", 2, 5) if kernel == "poly" else 3,
        )
        scores = []
        for step, fold in enumerate(range(3)):
            scores.append(cross_val_score(model, x[fold::6], y[fold::6], cv=2).mean())
            trial.report(sum(scores) / len(scores), step)
            if trial.should_prune():
                raise trimtab.TrialPruned
        return float(sum(scores) / len(scores))

    study = trimtab.create_study(
        study_name=name, storage=storage, direction="maximize", sampler=sampler
    )
    study.set_metric_names(["accuracy"])
    study.optimize(objective, n_trials=80)
    save_note(study, NOTE)
    return study


def _draw(trial: trimtab.Trial, folder: Path, store: FileSystemArtifactStore) -> str:
    red, green, blue = (trial.suggest_int(name, 0, 255) for name in ("r", "g", "b"))
    path = folder / "colour.png"
    Image.new("RGB", (320, 240), color=(red, green, blue)).save(path)
    artifact_id = upload_artifact(trial, path, store)
    save_note(trial, f"![the colour]({get_artifact_path(trial, artifact_id)})")
    return artifact_id


def _away(params: dict[str, int]) -> float:
    return math.dist([params[name] for name in ("r", "g", "b")], IN_MIND)


def _rate_sunset(storage: str, folder: Path, store: FileSystemArtifactStore) -> int:
    study = trimtab.create_study(
        study_name="sunset",
        storage=storage,
        sampler=trimtab.samplers.TPESampler(constant_liar=True, n_startup_trials=5, seed=3),
    )
    study.set_metric_names(["Looks like a sunset?"])
    register_objective_form_widgets(
        study,
        [ChoiceWidget(["Good 👍", "So-so 👌", "Bad 👎"], [-1, 0, 1], "Please rate the colour")],
    )
    for number in range(40):
        trial = study.ask()
        _draw(trial, folder, store)
        if number < 36:
            away = _away(trial.params)
            answer = -1.0 if away < 80 else 0.0 if away < 150 else 1.0
            rate(study.storage, study.study_id, number, "Ada", [answer])
    return study.study_id


def _compare_colours(storage: str, folder: Path, store: FileSystemArtifactStore) -> int:
    study = preferential.create_study(n_generate=4, study_name="colours", storage=storage)
    register_preference_feedback_component(study, "artifact", "picture")
    for _ in range(20):
        while study.should_generate():
            trial = study.ask()
            trial.set_user_attr("picture", _draw(trial, folder, store))
            study.mark_comparison_ready(trial)
        candidates = study.candidates
        study.judge(candidates, max(candidates, key=lambda trial: _away(trial.params)))
    while study.should_generate():
        trial = study.ask()
        trial.set_user_attr("picture", _draw(trial, folder, store))
        study.mark_comparison_ready(trial)
    return study.study_id


@dataclass(frozen=True)
class _Shot:
    name: str
    path: str
    ready: str
    scheme: str = "light"
    size: tuple[int, int] = (1280, 800)


def _take(server: Served, shots: list[_Shot]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=provide_chromium(), args=list(ARGUMENTS)
        )
        for shot in shots:
            if sys.argv[1:] and shot.name not in sys.argv[1:]:
                continue
            context = browser.new_context(
                color_scheme="dark" if shot.scheme == "dark" else "light",
                viewport={"width": shot.size[0], "height": shot.size[1]},
            )
            context.add_cookies([{"name": "trimtab_rater", "value": "Ada", "url": server.address}])
            page = context.new_page()
            server.enter(page, shot.path)
            page.wait_for_selector(shot.ready)
            page.wait_for_timeout(1500)
            file = OUT / f"{shot.name}.png"
            page.screenshot(path=file)
            Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
                file, optimize=True
            )
            print(f"{file}: {file.stat().st_size / 1024:.0f} kB")
            context.close()
        browser.close()


def main() -> None:
    """Make the studies, serve them, take the pictures."""
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        storage = f"sqlite:///{folder / 'studies.db'}"
        store = FileSystemArtifactStore(folder / "artifact")
        tpe = trimtab.samplers.TPESampler(seed=1)
        study = _tune_digits(storage, "digits", tpe)
        tuned = study.study_id
        digits = f"/studies/0-{tuned}"
        shaken = _tune_digits(
            storage, "digits, random", trimtab.samplers.RandomSampler(seed=1)
        ).study_id
        sunset = f"/studies/0-{_rate_sunset(storage, folder, store)}"
        colours = f"/studies/0-{_compare_colours(storage, folder, store)}"
        drawn = "[data-figure] .main-svg"
        with served(storage, "--artifact-dir", folder / "artifact") as server:
            _take(
                server,
                [
                    _Shot("studies", "/", "main table"),
                    _Shot("overview", digits, drawn),
                    _Shot("overview-dark", digits, drawn, scheme="dark"),
                    _Shot("trials", f"{digits}/trials", "main table"),
                    _Shot("trial", f"{digits}/trials/{study.best_trial.number}", ".tag-best"),
                    _Shot("analytics", f"{sunset}/analytics", drawn, size=(1280, 900)),
                    _Shot("rate", f"{sunset}/rate", "main img"),
                    _Shot(
                        "rate-phone", f"{sunset}/rate", "main img", scheme="dark", size=(390, 780)
                    ),
                    _Shot("gallery", f"{sunset}/gallery", "main img"),
                    _Shot("compare", f"/compare?study=0-{tuned}&study=0-{shaken}", "main"),
                    _Shot("note", f"{digits}/note", "main"),
                    _Shot("preferences", f"{colours}/preferences", "main img"),
                ],
            )


if __name__ == "__main__":
    main()
