"""The name under which scripts written for Optuna Dashboard import a function."""

from trimtab.artifacts import get_artifact_path

__all__ = ["get_artifact_path"]
