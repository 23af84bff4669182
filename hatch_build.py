"""Puts the third-party scripts of the dashboard beside its own when the package is built.

They come from packages that the build installs (`build-system.requires`), so none is committed and
no page asks another host for one. Run as a script, this does the same for a working copy.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script, outside of a build
    BuildHookInterface = object

VENDOR = "src/trimtab/dashboard/static/vendor"
SCRIPTS = {"htmx.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js")}
"""By name in `VENDOR`: the package and the file in it."""


def bring_scripts(root: Path) -> None:
    """Copy the scripts into the source tree.

    Raises:
        FileNotFoundError: If a package or its file is not there.
    """
    folder = root / VENDOR
    folder.mkdir(parents=True, exist_ok=True)
    for name, (package, path) in SCRIPTS.items():
        # Found, not imported: the package needs Django, its script does not.
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise FileNotFoundError(f"{name}: expected the package {package}, found none.")
        shutil.copyfile(Path(spec.submodule_search_locations[0]) / path, folder / name)


class ScriptsHook(BuildHookInterface):  # type: ignore[misc]  # hatchling has no types
    """Runs before a wheel, an editable install or a source distribution is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See `bring_scripts`."""
        del version, build_data
        bring_scripts(Path(self.root))


if __name__ == "__main__":
    bring_scripts(Path(__file__).parent)
