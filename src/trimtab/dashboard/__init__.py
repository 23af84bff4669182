"""Floor 7: where people watch studies and rate trials."""

from typing import TYPE_CHECKING

from trimtab.artifacts import get_note, save_note
from trimtab.dashboard.artifact import get_artifact_path
from trimtab.dashboard.preference import register_preference_feedback_component
from trimtab.dashboard.saved_figures import save_plotly_graph_object
from trimtab.dashboard.widgets import (
    ChoiceWidget,
    Form,
    ObjectiveUserAttrRef,
    SliderWidget,
    TextInputWidget,
    Widget,
    dict_to_form_widget,
    load_form,
    register_objective_form_widgets,
    register_user_attr_form_widgets,
    set_objective_names,
)
from trimtab.lazy import exporter

if TYPE_CHECKING:
    from trimtab.dashboard.app import asgi
    from trimtab.dashboard.notebook import show
    from trimtab.dashboard.server import run_server
    from trimtab.dashboard.settings import Settings

# A script that registers a form need not pay for a web server.
__getattr__ = exporter(
    __name__, {"Settings": "settings", "asgi": "app", "run_server": "server", "show": "notebook"}
)

# Older names, for scripts.
ObjectiveChoiceWidget = ChoiceWidget
ObjectiveSliderWidget = SliderWidget
ObjectiveTextInputWidget = TextInputWidget

__all__ = [
    "ChoiceWidget",
    "Form",
    "ObjectiveChoiceWidget",
    "ObjectiveSliderWidget",
    "ObjectiveTextInputWidget",
    "ObjectiveUserAttrRef",
    "Settings",
    "SliderWidget",
    "TextInputWidget",
    "Widget",
    "asgi",
    "dict_to_form_widget",
    "get_artifact_path",
    "get_note",
    "load_form",
    "register_objective_form_widgets",
    "register_preference_feedback_component",
    "register_user_attr_form_widgets",
    "run_server",
    "save_note",
    "save_plotly_graph_object",
    "set_objective_names",
    "show",
]
