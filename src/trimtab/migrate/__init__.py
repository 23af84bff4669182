"""Floor 4: bringing studies over from other systems."""

from trimtab.migrate.optuna import ImportedStudy, import_optuna

__all__ = ["ImportedStudy", "import_optuna"]
