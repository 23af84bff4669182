"""The name under which scripts written for Optuna import an error."""

from trimtab.errors import ArtifactNotFound

__all__ = ["ArtifactNotFound"]
