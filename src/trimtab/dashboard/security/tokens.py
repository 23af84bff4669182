"""Only who has the token comes in: once by the URL, then by a cookie, or by a Bearer header."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Final
from urllib.parse import parse_qs, quote, unquote_plus

from starlette.responses import RedirectResponse, Response

from trimtab.dashboard.faults import ADMITTED, fault_response, local_path, wants_page
from trimtab.dashboard.plainpage import plain_page
from trimtab.dashboard.security.asgi import App, Receive, Scope, Send, header, headers
from trimtab.dashboard.security.guesses import Guesses
from trimtab.dashboard.settings import Settings, split_host

LOGIN: Final = "/login"
_MONTH: Final = 30 * 24 * 3600
_MAX_FORM: Final = 8192

_WELCOME: Final = """<h1>Trimtab</h1>
<p>You are signed in. <a href="{}">Go on to the dashboard</a></p>"""
_SIGN_IN: Final = """<h1>Trimtab</h1>
<p{wrong}>{message} It stands in the address that <code>trimtab dashboard</code> printed.</p>
<form method="post" action="{action}">
<input type="hidden" name="next" value="{target}">
<label for="token">Token</label>
<input type="password" id="token" name="token" required autofocus autocomplete="current-password">
<button>Sign in</button>
</form>"""


class _TooManyGuesses(Exception):
    """An address has shown too many wrong tokens."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Tokens:
    """Refuses all who do not show the token, and exchanges it for a cookie at `LOGIN`."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._guesses = Guesses(settings.max_guesses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on who may come in."""
        query = self._take_query(scope)
        try:
            if local_path(scope) == LOGIN:
                response = await self._login(scope, receive, query)
            elif self._is_known(scope):
                scope[ADMITTED] = True
                await self._app(scope, receive, send)
                return
            else:
                response = _unknown(scope)
        except _TooManyGuesses as guesses:
            response = _wait(scope, guesses.seconds)
        await response(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        # The cookie is not what anybody chose: there is nothing to guess.
        if any(self._settings.admits_cookie(value) for value in _cookies(scope)):
            return True
        for value in headers(scope, b"authorization"):
            scheme, _, token = value.partition(" ")
            if scheme.lower() == "bearer" and self._admits(scope, token.strip()):
                return True
        return False

    def _admits(self, scope: Scope, token: str) -> bool:
        """Whether this is the token, which who has shown too many others may not try to show.

        Raises:
            _TooManyGuesses: Then.
        """
        address = (scope.get("client") or ("",))[0]
        wait = self._guesses.wait(address)
        if wait > 0.0:
            raise _TooManyGuesses(wait)
        if self._settings.admits(token):
            return True
        self._guesses.wrong(address)
        return False

    @staticmethod
    def _take_query(scope: Scope) -> str:
        """The query, whose token is taken away from the request.

        Servers write their access logs from what the scope says when the answer starts.
        """
        query: str = scope["query_string"].decode("latin-1")
        kept = [
            field
            for field in query.split("&")
            if local_path(scope) != LOGIN and unquote_plus(field.partition("=")[0]) != "token"
        ]
        scope["query_string"] = "&".join(kept).encode("latin-1")
        return query

    async def _login(self, scope: Scope, receive: Receive, query: str) -> Response:
        """Give the cookie to who has the token.

        The answer is a page that goes on by itself, not a redirect: a browser that came from
        another site's link would not send a SameSite=Strict cookie with that.
        """
        method = scope["method"]
        if method in ("GET", "HEAD"):
            fields = parse_qs(query)
        elif method == "POST":
            fields = parse_qs((await _short_body(receive)).decode("latin-1"))
        else:
            return fault_response(scope, 405, "MethodNotAllowed", "Use GET or POST.")
        token = fields.get("token", [""])[0]
        if not token and self._is_known(scope):
            return RedirectResponse(scope.get("root_path", "") + "/", 303)
        if not token or not self._admits(scope, token):
            return _unknown(scope, wrong=bool(token))
        root = scope.get("root_path", "")
        target = _safe_target(fields.get("next", ["/"])[0], root)
        response = plain_page("Trimtab", _WELCOME.format(escape(target, quote=True)), go_on=target)
        # The address of this page has the token in it.
        response.headers["referrer-policy"] = "no-referrer"
        response.set_cookie(
            _cookie_name(scope),
            self._settings.cookie_value,
            max_age=_MONTH,
            path=root + "/",
            httponly=True,
            samesite="strict",
            secure=self._settings.https,
        )
        return response


def _safe_target(target: str, root: str) -> str:
    """``target`` if it is a path on this server."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return root + target if is_path and target.isprintable() else root + "/"


def _cookie_name(scope: Scope) -> str:
    """Told from those of other dashboards on this machine: cookies do not know of ports."""
    _, port = split_host((header(scope, b"host") or "").lower()) or ("", None)
    return f"trimtab_{port}" if port else "trimtab"


def _cookies(scope: Scope) -> Iterator[str]:
    """All values of our cookie; those of other programs on this host may be anything."""
    ours = _cookie_name(scope)
    for line in headers(scope, b"cookie"):
        for pair in line.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == ours:
                yield value


async def _short_body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= _MAX_FORM:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    return body[:_MAX_FORM]


def _wait(scope: Scope, seconds: float) -> Response:
    whole = math.ceil(seconds)
    message = f"Too many wrong tokens came from your address. Try again in {whole} s."
    response = fault_response(scope, 429, "TooManyGuesses", message)
    response.headers["retry-after"] = str(whole)
    return response


def _unknown(scope: Scope, *, wrong: bool = False) -> Response:
    message = "That is not this server's token." if wrong else "This server wants to see its token."
    if not wants_page(scope):
        response = fault_response(scope, 401, "NotAuthorized", message)
    else:
        root = scope.get("root_path", "")
        path, query = local_path(scope), scope["query_string"].decode("latin-1")
        is_page = scope["method"] == "GET" and path != LOGIN
        target = quote(path) + (f"?{query}" if query else "") if is_page else "/"
        # A browser that follows another site's link does not send our cookie; from here it does.
        is_visitor = header(scope, b"sec-fetch-site") in ("cross-site", "same-site")
        again = _safe_target(target, root) if is_page and is_visitor else None
        body = _SIGN_IN.format(
            wrong=' class="wrong" role="alert"' if wrong else "",
            message=escape(message),
            action=escape(root + LOGIN, quote=True),
            target=escape(target, quote=True),
        )
        response = plain_page("Trimtab: sign in", body, 401, go_on=again)
    response.headers["www-authenticate"] = 'Bearer realm="trimtab"'
    return response
