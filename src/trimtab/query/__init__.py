"""Floor 4: the trials of a study filtered, sorted, cut into pages and exported."""

from trimtab.query.export import export
from trimtab.query.fields import Field, Fields, UnknownField
from trimtab.query.filter import Filter, parse_filter
from trimtab.query.table import Page, Selection, default_columns, page, select

__all__ = [
    "Field",
    "Fields",
    "Filter",
    "Page",
    "Selection",
    "UnknownField",
    "default_columns",
    "export",
    "page",
    "parse_filter",
    "select",
]
