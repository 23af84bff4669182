"""What a preferential study keeps in its system attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from trimtab.artifacts import notes
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space import check_name

# As Optuna Dashboard names them, so that an imported study is known for what it is.
IS_PREFERENTIAL: Final = "preference:is_preferential"
N_GENERATE: Final = "preference:n_generate"
COMPONENT: Final = "preference:component"

ComponentType: TypeAlias = Literal["note", "artifact"]


def component_to_json(component_type: ComponentType, artifact_key: str | None) -> dict[str, Any]:
    """What a study keeps of the component that people are shown.

    Args:
        component_type: ``"note"``: the trial's note; ``"artifact"``: one of its artifacts.
        artifact_key: The user attribute of a trial that holds the artifact's id; needed for
            ``"artifact"``, and only there.

    Raises:
        InvalidArgument: If the two do not go together.
        InvalidType: If the key is no string.
    """
    if component_type not in ("note", "artifact"):
        raise InvalidArgument("component_type", "'note' or 'artifact'", component_type)
    if component_type == "note":
        if artifact_key is not None:
            raise InvalidArgument("artifact_key", "None, as the note is shown", artifact_key)
        return {"output_type": component_type}
    if artifact_key is None:
        raise InvalidArgument("artifact_key", "the user attribute that holds an id", None)
    if not isinstance(artifact_key, str):
        raise InvalidType("artifact_key", "a string", artifact_key)
    return {"output_type": component_type, "artifact_key": check_name("artifact_key", artifact_key)}


def component_of(study_attrs: Mapping[str, Any]) -> tuple[ComponentType, str | None]:
    """The component that people are shown: its type, and the artifact's key.

    Args:
        study_attrs: System attributes of the study. Without a component in them it is the note.
    """
    content = study_attrs.get(COMPONENT)
    if isinstance(content, Mapping) and content.get("output_type") == "artifact":
        key = content.get("artifact_key")
        if isinstance(key, str):
            return "artifact", key
    return "note", None


def shows_component(
    component: tuple[ComponentType, str | None],
    user_attrs: Mapping[str, Any],
    system_attrs: Mapping[str, Any],
) -> bool:
    """Whether a trial has what people are to be shown."""
    kind, key = component
    return notes.KEY in system_attrs if kind == "note" else key in user_attrs


def check_n_generate(n_generate: object) -> int:
    """The number of trials to be compared at a time.

    Raises:
        InvalidType: If it is no integer.
        InvalidArgument: If it is below 2.
    """
    if isinstance(n_generate, bool) or not isinstance(n_generate, int):
        raise InvalidType("n_generate", "an integer", n_generate)
    if n_generate < 2:
        raise InvalidArgument("n_generate", "at least 2 trials to compare", n_generate)
    return n_generate
