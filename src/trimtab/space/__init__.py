"""Floor 0: what may vary."""

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
    "Space",
    "cached_float",
    "cached_int",
    "check_compatible",
    "check_name",
    "column_to_unit",
    "decode_json",
    "edges",
    "encode_json",
    "float_to_unit",
    "from_json",
    "from_optuna",
    "from_unit",
    "grid_value",
    "to_json",
    "to_optuna",
    "to_unit",
]
