"""Answers of the routes: JSON that is exact, given once for each key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from trimtab.dashboard.api.replies import Replies, Reply
from trimtab.storage import Ticket
from trimtab.storage.wire import to_bytes


def answer(data: Any, status: int = 200) -> Response:
    """``data``, already plain JSON, as an answer."""
    return Response(to_bytes(data), status, media_type="application/json")


def answer_once(
    replies: Replies,
    key: str | None,
    attempt: int | None,
    place: str,
    status: int,
    work: Callable[[Ticket | None], Any],
) -> Response:
    """What ``work`` returns as an answer; given again where the key comes again.

    Args:
        replies: What was answered before.
        key: The client's, or None.
        attempt: How often the client has sent it, if it says so.
        place: What the key is for: one key for two routes is two keys.
        status: Of the answer.
        work: What to do, once; is given what a storage knows the request by.
    """
    if key is None:
        return answer(work(None), status)
    name = f"{place} {key}"
    ticket = replies.ticket(name, attempt)
    reply = replies.once(name, lambda: Reply(status, to_bytes(work(ticket))))
    return Response(reply.body, reply.status, media_type="application/json")
