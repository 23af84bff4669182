"""Pictures of an experiment: those of its study, under the names that Ax's users know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab.errors import InvalidArgument
from trimtab.service.base import ClientBase

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class Pictures(ClientBase):
    """The part of a client that draws; needs the extra ``plot`` to show what is drawn."""

    def get_optimization_trace(self) -> Figure:
        """The value of each trial, and the best so far: as it was measured, and by the model.

        With several objectives it is the hypervolume of the front so far.
        """
        from trimtab import visualization as draw
        from trimtab.visualization.model import has_model

        study = self.experiment.study
        if len(study.directions) > 1:
            return draw.plot_hypervolume_history(study)
        return (draw.plot_model_trace if has_model(study) else draw.plot_optimization_history)(
            study
        )

    def get_pareto_plot(self) -> Figure:
        """Two or three objectives against each other, by the model and with its uncertainty.

        Raises:
            InvalidArgument: If there are neither two nor three objectives.
        """
        from trimtab import visualization as draw

        return draw.plot_model_front(self.experiment.study)

    def get_contour_plot(
        self,
        param_x: str | None = None,
        param_y: str | None = None,
        metric_name: str | None = None,
    ) -> Figure:
        """What the model expects over two parameters, and how sure it is.

        Args:
            param_x: Of the horizontal axis; None: the first numeric parameter.
            param_y: Of the vertical axis; None: the second.
            metric_name: An objective; None: the only one, or the first.

        Raises:
            InvalidArgument: If a parameter or objective is unknown, or there are not two.
        """
        from trimtab import visualization as draw

        names = [n for n, d in self.experiment.search_space.space.items() if not d.single()]
        x = param_x or next((n for n in names if n != param_y), None)
        y = param_y or next((n for n in names if n != x), None)
        if x is None or y is None or x == y or not {x, y} <= set(names):
            raise InvalidArgument("param_x", f"two of the parameters {names}", (param_x, param_y))
        return draw.plot_model_contour(self.experiment.study, [x, y], target=metric_name)

    def get_slice_plot(
        self, param_name: str | None = None, metric_name: str | None = None
    ) -> Figure:
        """What the model expects along one parameter, or along each of them.

        Args:
            param_name: Of the parameter; None: all.
            metric_name: An objective; None: the only one, or the first.
        """
        from trimtab import visualization as draw

        params = None if param_name is None else [param_name]
        return draw.plot_model_slice(self.experiment.study, params, target=metric_name)

    def get_cross_validation_plot(self, metric_name: str | None = None) -> Figure:
        """Each arm against what the model predicts of it from the others.

        Args:
            metric_name: An objective; None: the only one, or the first.
        """
        from trimtab import visualization as draw

        return draw.plot_leave_one_out(self.experiment.study, target=metric_name)

    def get_feature_importances(self, metric_name: str | None = None) -> Figure:
        """How fast an objective changes with each parameter, by the model.

        Args:
            metric_name: An objective; None: all of them.
        """
        from trimtab import visualization as draw

        return draw.plot_model_sensitivity(self.experiment.study, target=metric_name)
