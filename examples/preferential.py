"""Finds the colour of a sunset by comparisons: which of four colours is the worst?

    python examples/preferential.py             # you judge, here in the terminal
    python examples/preferential.py --pretend   # someone is pretended, who has an orange in mind

Each colour is a picture that belongs to its trial, with a note that shows it. The study is kept in
preferential.db: leave whenever you like and go on later, or judge in the browser meanwhile with
`trimtab dashboard sqlite:///preferential.db --artifact-dir preferential-pictures`. Needs
`pip install "trimtab[demo]"`.
"""

import argparse
import math
import sys
import tempfile
from pathlib import Path

from PIL import Image

import trimtab
from trimtab.artifacts import FileSystemArtifactStore, upload_artifact
from trimtab.dashboard import register_preference_feedback_component
from trimtab.preferential import PreferentialStudy, create_study
from trimtab.trial import FrozenTrial

IN_MIND = (250, 110, 60)


def colour(trial: FrozenTrial) -> tuple[int, int, int]:
    red, green, blue = (trial.params[name] for name in ("red", "green", "blue"))
    return red, green, blue


def make_another(study: PreferentialStudy, store: FileSystemArtifactStore) -> None:
    trial = study.ask()
    red, green, blue = (trial.suggest_int(name, 0, 255) for name in ("red", "green", "blue"))
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / f"colour-{trial.number}.png"
        Image.new("RGB", (320, 240), (red, green, blue)).save(picture)
        trial.set_user_attr("picture", upload_artifact(trial, picture, store))
    study.mark_comparison_ready(trial)


def worst(candidates: list[FrozenTrial], pretend: bool) -> FrozenTrial:
    if pretend:
        return max(candidates, key=lambda trial: math.dist(colour(trial), IN_MIND))
    for key, trial in enumerate(candidates, 1):
        red, green, blue = colour(trial)
        print(f"  [{key}] \x1b[48;2;{red};{green};{blue}m{' ' * 12}\x1b[0m")
    while True:
        given = input("The worst? ").strip()
        if given.isdigit() and 1 <= int(given) <= len(candidates):
            return candidates[int(given) - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretend", action="store_true", help="let the program judge")
    parser.add_argument("--judgements", type=int, default=20, help="how many to give")
    arguments = parser.parse_args()
    trimtab.logging.set_verbosity(trimtab.logging.WARNING)
    store = FileSystemArtifactStore("preferential-pictures")
    study = create_study(
        4, study_name="sunset", storage="sqlite:///preferential.db", load_if_exists=True
    )
    register_preference_feedback_component(study, "artifact", "picture")
    for _ in range(arguments.judgements):
        while study.should_generate():
            make_another(study, store)
        candidates = study.candidates
        study.judge(candidates, worst(candidates, arguments.pretend))
    print(f"After {len(study.judgements)} judgements, in the running:")
    for trial in study.best_trials:
        print("  #{:02x}{:02x}{:02x}".format(*colour(trial)))


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, EOFError):
        sys.exit("\nThe study is in preferential.db; run this again to go on.")
