"""What people are shown of a trial when they compare trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab.errors import InvalidType

if TYPE_CHECKING:
    from trimtab.preferential import PreferentialStudy
    from trimtab.preferential.attributes import ComponentType


def register_preference_feedback_component(
    study: PreferentialStudy, component_type: ComponentType, artifact_key: str | None = None
) -> None:
    """Say what people are shown of each trial: its note, or one of its artifacts.

    Args:
        study: A study of comparisons. Without this call its trials' notes are shown.
        component_type: ``"note"`` or ``"artifact"``.
        artifact_key: For ``"artifact"``: the user attribute of a trial that holds the id of the
            artifact to show.

    Raises:
        InvalidType: If the study is not one of comparisons (a TypeError).
        InvalidArgument: If the type is another, or it and the key do not go together.
    """
    # Scripts import this module for its widgets; a study of comparisons brings its own.
    from trimtab.preferential import PreferentialStudy
    from trimtab.preferential.attributes import COMPONENT, component_to_json

    if not isinstance(study, PreferentialStudy):
        raise InvalidType("study", "a PreferentialStudy", study)
    study.set_system_attr(COMPONENT, component_to_json(component_type, artifact_key))
