"""Floor 6: ask for parameters, tell what came of them; the names are those of the Ax platform."""

from trimtab.service.client import AxClient, Client
from trimtab.service.config import ObjectiveProperties
from trimtab.service.loop import optimize

__all__ = ["AxClient", "Client", "ObjectiveProperties", "optimize"]
