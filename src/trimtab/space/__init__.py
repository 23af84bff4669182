"""Floor 0: what may vary."""

from trimtab.space.constraints import (
    LinearConstraint,
    check_constraints,
    constraint_arrays,
    feasible_point,
    parse_constraint,
)
from trimtab.space.distributions import (
    CategoricalDistribution,
    Choice,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Internal,
    cached_float,
    cached_int,
    check_compatible,
    decode_json,
    encode_json,
    from_json,
    to_json,
)
from trimtab.space.foreign import from_optuna, to_optuna
from trimtab.space.space import MAX_NAME, Space, check_name
from trimtab.space.transform import (
    Floats,
    column_to_unit,
    edges,
    float_to_unit,
    from_unit,
    grid_value,
    to_unit,
)

__all__ = [
    "MAX_NAME",
    "CategoricalDistribution",
    "Choice",
    "Distribution",
    "FloatDistribution",
    "Floats",
    "IntDistribution",
    "Internal",
    "LinearConstraint",
    "Space",
    "cached_float",
    "cached_int",
    "check_compatible",
    "check_constraints",
    "check_name",
    "column_to_unit",
    "constraint_arrays",
    "decode_json",
    "edges",
    "encode_json",
    "feasible_point",
    "float_to_unit",
    "from_json",
    "from_optuna",
    "from_unit",
    "grid_value",
    "parse_constraint",
    "to_json",
    "to_optuna",
    "to_unit",
]
