"""Finds the colour of a sunset with someone who knows one when they see it.

    python examples/sunset.py             # you judge, here in the terminal
    python examples/sunset.py --pretend   # someone is pretended, who has a certain orange in mind

Four colours are always open for judgement, as they would be if each took an hour to make. Each is
a picture that belongs to its trial, with a note that shows it. The study is kept in sunset.db:
leave whenever you like and go on later. Needs `pip install "trimtab[demo]"`.
"""

import argparse
import math
import sys
import tempfile
from pathlib import Path

from PIL import Image

import trimtab
from trimtab import Study
from trimtab.artifacts import FileSystemArtifactStore, get_artifact_path, save_note, upload_artifact
from trimtab.dashboard import ChoiceWidget, register_objective_form_widgets
from trimtab.trial import FrozenTrial, TrialState

OPEN = 4
ANSWERS = {"y": ("a sunset", -1.0), "s": ("so-so", 0.0), "n": ("no sunset", 1.0)}
IN_MIND = (250, 110, 60)


def colour(trial: FrozenTrial) -> tuple[int, int, int]:
    red, green, blue = (trial.params[name] for name in ("red", "green", "blue"))
    return red, green, blue


def show_another(study: Study, store: FileSystemArtifactStore) -> None:
    trial = study.ask()
    red, green, blue = (trial.suggest_int(name, 0, 255) for name in ("red", "green", "blue"))
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / f"colour-{trial.number}.png"
        Image.new("RGB", (320, 240), (red, green, blue)).save(picture)
        artifact_id = upload_artifact(trial, picture, store)
    save_note(trial, f"![colour {trial.number}]({get_artifact_path(trial, artifact_id)})\n")


def judge(trial: FrozenTrial, pretend: bool) -> float:
    red, green, blue = colour(trial)
    if pretend:
        away = math.dist((red, green, blue), IN_MIND)
        return -1.0 if away < 80 else 0.0 if away < 150 else 1.0
    patch = f"\x1b[48;2;{red};{green};{blue}m{' ' * 12}\x1b[0m"
    question = ", ".join(f"[{key}] {answer}" for key, (answer, _) in ANSWERS.items())
    while True:
        given = input(f"{patch} {trial.number}: {question}? ").strip().lower()
        if given in ANSWERS:
            return ANSWERS[given][1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretend", action="store_true", help="let the program judge")
    parser.add_argument("--ratings", type=int, default=30, help="how many to give")
    arguments = parser.parse_args()
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    store = FileSystemArtifactStore("sunset-pictures")
    study = trimtab.create_study(
        study_name="sunset",
        storage="sqlite:///sunset.db",
        sampler=trimtab.samplers.TPESampler(constant_liar=True, n_startup_trials=5),
        load_if_exists=True,
    )
    study.set_metric_names(["not a sunset"])
    answers, values = zip(*ANSWERS.values(), strict=True)
    register_objective_form_widgets(study, [ChoiceWidget(answers, values, "A sunset?")])
    for _ in range(arguments.ratings):
        while len(running := study.get_trials(states=[TrialState.RUNNING])) < OPEN:
            show_another(study, store)
        study.tell(running[0].number, judge(running[0], arguments.pretend))
    rated = study.get_trials(states=[TrialState.COMPLETE])
    liked = [trial for trial in rated if trial.value == -1.0]
    print(f"{len(liked)} of {len(rated)} were liked; the last of them:")
    for trial in liked[-5:]:
        print("  #{:02x}{:02x}{:02x}".format(*colour(trial)))


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, EOFError):
        sys.exit("\nThe study is in sunset.db; run this again to go on.")
