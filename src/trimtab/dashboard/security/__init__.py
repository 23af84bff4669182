"""Who comes in, and with what: the layers around the dashboard's routes, outermost first.

Each is a plain ASGI application around the next, and each refuses what it does not know to be
right, so that a route cannot forget to ask.
"""

from trimtab.dashboard.security.gate import Gate, guarded

__all__ = ["Gate", "guarded"]
