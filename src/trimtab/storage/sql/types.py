"""Column types that mean the same on every backend."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeEngine


class Name(String):
    """A name of up to 255 characters, compared byte by byte on every backend."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(255)


@compiles(Name, "mysql", "mariadb")
def _exact_name(element: Name, compiler: Any, **options: Any) -> str:
    # Other collations fold case or accents, or ignore trailing spaces (as plain utf8mb4_bin does).
    collation = "utf8mb4_nopad_bin" if compiler.dialect.is_mariadb else "utf8mb4_0900_bin"
    return f"VARCHAR({element.length}) CHARACTER SET utf8mb4 COLLATE {collation}"


class LongText(Text):
    """Text of any length."""

    cache_ok = True


@compiles(LongText, "mysql", "mariadb")
def _long_text(element: LongText, compiler: Any, **options: Any) -> str:
    return "LONGTEXT"  # TEXT ends at 64 KB


def row_id() -> TypeEngine[int]:
    """A key that the database counts up; SQLite does so for INTEGER only."""
    return BigInteger().with_variant(Integer(), "sqlite")
