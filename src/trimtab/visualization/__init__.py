"""Floor 4: pictures of a study, with Plotly.

The names and arguments are those of ``optuna.visualization``; every function also takes
``theme="light"`` or ``"dark"``, and, where it makes sense, ``log`` and ``max_trials``. Figures read
columns and never loop over trials, and a study of 100,000 trials is thinned to what a screen can
show, which the figure says under its title (see `trimtab.visualization.thinning` for the rule).
Where a study has nothing to draw yet, the figure says so in words.
"""

from trimtab.visualization.contour import plot_contour
from trimtab.visualization.edf import plot_edf
from trimtab.visualization.history import plot_optimization_history
from trimtab.visualization.hypervolume import plot_hypervolume_history
from trimtab.visualization.importances import plot_param_importances
from trimtab.visualization.intermediate import plot_intermediate_values
from trimtab.visualization.leave_one_out import plot_leave_one_out
from trimtab.visualization.model_contour import plot_model_contour
from trimtab.visualization.model_front import plot_model_front
from trimtab.visualization.model_sensitivity import plot_model_sensitivity
from trimtab.visualization.model_slice import plot_model_slice
from trimtab.visualization.model_trace import plot_model_trace
from trimtab.visualization.parallel import plot_parallel_coordinate
from trimtab.visualization.pareto import plot_pareto_front
from trimtab.visualization.paths import plot_parameter_paths
from trimtab.visualization.plotting import is_available
from trimtab.visualization.population import plot_population
from trimtab.visualization.preferences import plot_preference_graph
from trimtab.visualization.rank import plot_rank
from trimtab.visualization.slice import plot_slice
from trimtab.visualization.timeline import plot_timeline
from trimtab.visualization.utilities import plot_utilities

__all__ = [
    "is_available",
    "plot_contour",
    "plot_edf",
    "plot_hypervolume_history",
    "plot_intermediate_values",
    "plot_leave_one_out",
    "plot_model_contour",
    "plot_model_front",
    "plot_model_sensitivity",
    "plot_model_slice",
    "plot_model_trace",
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_parameter_paths",
    "plot_pareto_front",
    "plot_population",
    "plot_preference_graph",
    "plot_rank",
    "plot_slice",
    "plot_timeline",
    "plot_utilities",
]
