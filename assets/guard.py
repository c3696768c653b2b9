"""Who may talk to the UI, and what its pages may fetch.

Dagster's webserver has no login, obeys any Host and Origin, and accepts mutations by GET: any page open in the same
browser, or any other user of the same machine, could start and delete runs. The guard stands in front of it and lets
through only the browser that opened the printed link. What is behind it belongs in assets.ui and assets.report_pages.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from html import escape
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRAPHQL = "/graphql"

CLOSED = ("/download_debug/", "/report_asset_", "/logs/", "/notebook", "/dagit/notebook")
"""Ways in that evaluators never need. /logs and /download_debug copy raw output of runs out of the workspace; the run
page shows the same text. The others write to Dagster's records without a run, or convert any file of the machine."""

WORDS_ONLY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content policy of the guard's own pages."""

EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}


class Guard:
    """Refuse every request that does not come from the browser session that opened the printed link.

    Parameters
    ----------
    app : what is guarded.
    port : where it listens; the only port that Host and Origin may name.
    token : the secret of the printed link.
    """

    def __init__(self, app: ASGIApp, *, port: int, token: str) -> None:
        self._app, self._token = app, token
        # Cookies do not know ports: the name keeps two open workspaces from signing each other out.
        self._cookie = f"pilotlens_{port}"
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the ASGI protocol asks."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        answer = self._foreign(connection) or self._sign_in(connection) or self._refused(connection)
        if answer is None:
            await self._app(scope, receive, _with_headers(send, EVERY_ANSWER.items()))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, _with_headers(send, EVERY_ANSWER.items()))

    def _foreign(self, connection: HTTPConnection) -> Response | None:
        """Refuse a name that is not ours: DNS rebinding makes a foreign page's name point at this machine."""
        hosts = connection.headers.getlist("host")
        if len(hosts) == 1 and hosts[0].lower() in self._hosts:
            return None
        return refused_page("Pilotlens answers only at the address that it printed when it started.")

    def _sign_in(self, connection: HTTPConnection) -> Response | None:
        """Turn the printed link into a session cookie, and go on to the page without the token in its address."""
        given = connection.query_params.get("token", "")
        if connection.scope["type"] != "http" or connection.scope["method"] != "GET" or not self._is_token(given):
            return None
        rest = urlencode([pair for pair in parse_qsl(connection.url.query) if pair[0] != "token"])
        # One leading slash: //name would be another machine.
        target = "/" + quote(connection.url.path.lstrip("/"), safe="/%") + (f"?{rest}" if rest else "")
        answer = welcome_page(target)
        answer.set_cookie(self._cookie, self._token, path="/", httponly=True, samesite="strict")
        return answer

    def _refused(self, connection: HTTPConnection) -> Response | None:
        if not self._is_token(connection.cookies.get(self._cookie, "")):
            return refused_page("This browser has not been let in yet, or Pilotlens was started again since.")
        if not self._same_origin(connection):
            return refused_page("Another web page asked for this. Pilotlens answers only its own pages.")
        if not _allowed(connection.scope):
            return refused_page("Pilotlens keeps this way in closed; everything is in the pages themselves.")
        return None

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())

    def _same_origin(self, connection: HTTPConnection) -> bool:
        """Judge Origin where there is one (programs send none) and what the browser says about who asks.

        Another port of this machine counts as the same *site*, so that SameSite cookies alone would let it in.
        """
        origin, host = connection.headers.get("origin"), connection.headers["host"].lower()
        if origin is not None and origin.lower() != f"http://{host}":
            return False
        if connection.headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return True
        asked = (connection.headers.get("sec-fetch-mode"), connection.headers.get("sec-fetch-dest"))
        return connection.scope.get("method") == "GET" and asked == ("navigate", "document")


def _allowed(scope: Scope) -> bool:
    """Say whether method and path are a way in: pages by GET, GraphQL by POST (as JSON) or WebSocket, nothing else."""
    path = scope["path"]
    if scope["type"] == "websocket":
        return path == GRAPHQL
    if scope["method"] in ("GET", "HEAD"):
        return path != GRAPHQL and not path.startswith(CLOSED)
    kind = HTTPConnection(scope).headers.get("content-type", "").partition(";")[0].strip()
    return scope["method"] == "POST" and path == GRAPHQL and kind == "application/json"


def contained(app: ASGIApp, *, port: int) -> ASGIApp:
    """Let the pages of `app` fetch from this server and nowhere else.

    The policy is added to Dagster's own, and browsers apply both: its nonce keeps foreign inline scripts out, ours
    everything from outside (its telemetry script, remote pictures in metadata).
    """
    header = [("Content-Security-Policy", ui_policy(port))]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, _with_headers(send, header))

    return answer


def ui_policy(port: int) -> str:
    """Return the content policy of Dagster's pages on this port."""
    sockets = f"ws://127.0.0.1:{port} ws://localhost:{port}"
    return (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' {sockets}; worker-src 'self' blob:; "
        "object-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _with_headers(send: Send, headers: Iterable[tuple[str, str]]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            into = MutableHeaders(scope=message)
            for name, value in headers:
                into.append(name, value)
        await send(message)

    return sending


def refused_page(why: str) -> Response:
    """Say in plain words why not, and what to do."""
    remedy = "Open the link that Pilotlens printed in its window when it started (it ends in ?token=…)."
    return page("Pilotlens did not open this", f"<p>{escape(why)}</p><p>{escape(remedy)}</p>", status=403)


def welcome_page(target: str) -> Response:
    """Go on to `target` from our own page.

    A redirect would not do: after one, browsers withhold strict cookies when the link was clicked in another page.
    """
    link = escape(target, quote=True)
    return page(
        "Opening Pilotlens",
        f'<p><a href="{link}">Go on to Pilotlens</a></p>',
        head=f'<meta http-equiv="refresh" content="0;url={link}">',
    )


def page(title: str, body: str, *, head: str = "", status: int = 200) -> HTMLResponse:
    """Return a page of words that fetches nothing; `body` and `head` are HTML already."""
    style = "body{font:1.1rem/1.5 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}a{color:#0b4f8a}"
    html = (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>{head}<style>{style}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(
        html, status_code=status, headers={"Content-Security-Policy": WORDS_ONLY, "Cache-Control": "no-store"}
    )
