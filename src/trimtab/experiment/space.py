"""The search space of an experiment: parameters, their constraints and who depends on whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.experiment.parameters import (
    ChoiceParameter,
    FixedParameter,
    Parameter,
    RangeParameter,
    from_json,
    to_json,
)
from trimtab.space import (
    CategoricalDistribution,
    Internal,
    LinearConstraint,
    Space,
    check_constraints,
    feasible_point,
    parse_constraint,
)


class SearchSpace:
    """Parameters and linear constraints between them; it does not change.

    Args:
        parameters: At least one, with different names.
        parameter_constraints: As text (``"x1 + 2*x2 <= 3"``) or as `LinearConstraint`.

    Attributes:
        parameters: By name, in order.
        parameter_constraints: All of them.
        space: Distributions of all parameters, as a study knows them.
        roots: Those of the parameters that every arm has.

    Raises:
        InvalidType: If something is no parameter.
        InvalidArgument: If a name stands twice, a dependent parameter is not there or has two
            parents, a constraint cannot be read or names a parameter that is no number or
            that not every arm has, or no point satisfies all of them.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        parameter_constraints: Sequence[str | LinearConstraint] | None = None,
    ) -> None:
        by_name: dict[str, Parameter] = {}
        for parameter in parameters:
            if not isinstance(parameter, (RangeParameter, ChoiceParameter, FixedParameter)):
                raise InvalidType("parameters", "a range, choice or fixed parameter", parameter)
            if parameter.name in by_name:
                raise InvalidArgument("parameters", "different names", parameter.name)
            by_name[parameter.name] = parameter
        if not by_name:
            raise InvalidArgument("parameters", "at least one parameter", parameters)
        self.parameters: Mapping[str, Parameter] = by_name
        self.space = Space({name: p.distribution for name, p in by_name.items()})
        dependent = self._dependents()
        self.roots = self.space.subset(tuple(n for n in by_name if n not in dependent))
        self.parameter_constraints = tuple(
            c if isinstance(c, LinearConstraint) else parse_constraint(c, self.space.names)
            for c in parameter_constraints or ()
        )
        check_constraints(self.parameter_constraints, self.space)
        for constraint in self.parameter_constraints:
            for name in constraint.weights:
                if name in dependent:
                    raise InvalidArgument(
                        "parameter_constraints", "parameters that every arm has", name
                    )
        if feasible_point(self.parameter_constraints, self.roots) is None:
            raise InvalidArgument(
                "parameter_constraints",
                "constraints that some point within the bounds satisfies",
                [str(c) for c in self.parameter_constraints],
            )

    def _dependents(self) -> set[str]:
        found: set[str] = set()
        for parameter in self.parameters.values():
            if not isinstance(parameter, ChoiceParameter):
                continue
            below = {name for names in (parameter.dependents or {}).values() for name in names}
            for name in below:
                if name not in self.parameters or name == parameter.name:
                    raise InvalidArgument(
                        f"{parameter.name}.dependents", f"other names of {[*self.parameters]}", name
                    )
                if name in found:
                    raise InvalidArgument(
                        f"{parameter.name}.dependents", "a parameter with one parent", name
                    )
            found |= below
        if not set(self.parameters) - found:
            raise InvalidArgument("dependents", "a parameter that depends on no other", found)
        return found

    @property
    def is_hierarchical(self) -> bool:
        """Whether some arms lack a parameter."""
        return len(self.roots) < len(self.space)

    def active(self, params: Mapping[str, Any]) -> Iterator[str]:
        """Names of the parameters that an arm has, as far as its values are known.

        Args:
            params: Values; may grow while this runs, each before the next name is asked for.
        """
        pending = list(self.roots)
        while pending:
            name = pending.pop(0)
            yield name
            parameter = self.parameters[name]
            if isinstance(parameter, ChoiceParameter) and parameter.dependents:
                pending += parameter.dependents.get(params[name], ())

    def check(self, params: Any, argument: str = "parameters") -> dict[str, Any]:
        """The parameters of an arm, in order and with their types, if they are in the space.

        Raises:
            InvalidType: If ``params`` is no mapping, or a value is of another type.
            InvalidArgument: If a parameter is missing, unknown or out of its bounds, or a
                constraint is violated.
        """
        if not isinstance(params, Mapping):
            raise InvalidType(argument, "values by parameter name", params)
        out: dict[str, Any] = {}
        for name in self.active(out):
            if name not in params:
                raise InvalidArgument(argument, f"a value of `{name}`", dict(params))
            parameter = self.parameters[name]
            value = parameter.parameter_type.cast(f"{argument}.{name}", params[name])
            distribution = self.space[name]
            if isinstance(distribution, CategoricalDistribution):
                inside = value in distribution.choices
            else:
                inside = distribution._contains(distribution.to_internal_repr(value))
            if not inside:
                raise InvalidArgument(f"{argument}.{name}", f"a value of {distribution}", value)
            out[name] = value
        if unknown := [name for name in params if name not in out]:
            raise InvalidArgument(argument, f"the parameters {list(out)}", unknown)
        for constraint in self.parameter_constraints:
            if not constraint.holds(out):
                raise InvalidArgument(argument, f"a point with {constraint}", out)
        return out

    def encode(self, params: Mapping[str, Any]) -> tuple[Space, tuple[Internal, ...]]:
        """The columns of an arm that `check` passed, and its internal values."""
        space = self.space.subset(tuple(name for name in self.space if name in params))
        return space, tuple(space[name].to_internal_repr(params[name]) for name in space)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` turns back into an equal space."""
        return {
            "parameters": [to_json(parameter) for parameter in self.parameters.values()],
            "parameter_constraints": [c.to_json() for c in self.parameter_constraints],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SearchSpace:
        """The space that `to_json` wrote."""
        constraints = [LinearConstraint.from_json(c) for c in data["parameter_constraints"]]
        return cls([from_json(parameter) for parameter in data["parameters"]], constraints)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SearchSpace):
            return NotImplemented
        return self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.space)

    def __repr__(self) -> str:
        constraints = [str(constraint) for constraint in self.parameter_constraints]
        return f"SearchSpace({list(self.parameters.values())}, {constraints})"
