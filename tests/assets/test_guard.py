"""Who may talk to the UI: every refused way in is tried here, below HTTP clients that would tidy the request up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from starlette.responses import PlainTextResponse

from assets.guard import Guard, contained, ui_policy
from assets.report_pages import report_pages
from pipelines.workspace import Workspace

PORT, TOKEN = 3000, "the-secret-of-the-link"
HOST = ("host", "127.0.0.1:3000")
COOKIE = ("cookie", f"pilotlens_3000={TOKEN}")
JSON = ("content-type", "application/json")
OWN = ("origin", "http://127.0.0.1:3000")
LET_IN = [HOST, COOKIE]


@dataclass
class Answer:
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def ask(app, path="/", headers: Sequence[tuple[str, str]] = (), method="GET", kind="http") -> Answer:
    path, _, query = path.partition("?")
    scope = {"type": kind, "method": method, "path": path, "query_string": query.encode(), "http_version": "1.1"}
    scope |= {"scheme": "http", "server": ("127.0.0.1", PORT), "root_path": "", "extensions": {}}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers]
    answer = Answer()

    async def send(message):
        answer.status = message.get("status", answer.status)
        answer.headers += [(name.decode(), value.decode()) for name, value in message.get("headers", ())]
        answer.body += message.get("body", b"").decode(errors="replace")
        if message["type"].startswith("websocket"):
            answer.body = message["type"]

    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive():
        # The browser has nothing more to say and stays: sending a file waits for whether it goes away.
        return next(received, None) or await asyncio.Event().wait()

    asyncio.run(app(scope, receive, send))
    return answer


async def behind(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await PlainTextResponse("let through")(scope, receive, send)


guarded = Guard(behind, port=PORT, token=TOKEN)


def test_without_the_printed_link_nothing_opens_and_the_page_says_what_to_do():
    answer = ask(guarded, headers=[HOST])
    assert answer.status == 403
    assert "Open the link that Pilotlens printed" in answer.body
    assert answer.all("content-security-policy")[0].startswith("default-src 'none'")


def test_the_printed_link_lets_this_browser_in_and_takes_the_token_out_of_the_address():
    answer = ask(guarded, f"/assets?view=checks&token={TOKEN}", [HOST])
    assert answer.status == 200
    (cookie,) = answer.all("set-cookie")
    assert cookie.startswith(f"pilotlens_3000={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert 'content="0;url=/assets?view=checks"' in answer.body
    assert answer.body.count(TOKEN) == 0


@pytest.mark.parametrize("path", ["//elsewhere.example", "/\\elsewhere.example", '/"><script>'])
def test_the_link_cannot_lead_elsewhere(path):
    answer = ask(guarded, f"{path}?token={TOKEN}", [HOST])
    target = answer.body.partition("url=")[2].partition('"')[0]
    assert target.startswith("/")
    assert target[1] not in "/\\"
    assert "<script>" not in answer.body


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é"])
def test_a_wrong_token_does_not(token):
    assert ask(guarded, f"/?token={token}", [HOST]).status == 403
    assert ask(guarded, "/", [HOST, ("cookie", f"pilotlens_3000={token}")]).status == 403


def test_the_cookie_of_another_port_does_not():
    assert ask(guarded, "/", [HOST, ("cookie", f"pilotlens_3001={TOKEN}")]).status == 403


@pytest.mark.parametrize("path", ["/", "/assets/validated_cases", "/_next/static/main.js", "/pilotlens/reports/"])
@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000"])
def test_the_session_reads_every_page(path, host):
    answer = ask(guarded, path, [("host", host), COOKIE])
    assert (answer.status, answer.body) == (200, "let through")
    assert answer.all("x-frame-options") == ["DENY"]
    assert answer.all("x-content-type-options") == ["nosniff"]


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["rebound.example:3000"],
        ["127.0.0.1"],
        ["127.0.0.1:3001"],
        ["127.0.0.1:3000.rebound.example"],
        ["127.0.0.1:3000", "rebound.example"],
        ["0.0.0.0:3000"],
    ],
)
def test_a_name_that_is_not_ours_is_refused_even_with_the_cookie(hosts):
    headers = [("host", host) for host in hosts] + [COOKIE]
    assert ask(guarded, "/", headers).status == 403
    assert ask(guarded, f"/?token={TOKEN}", headers).status == 403


def test_graphql_answers_our_pages_and_programs_without_origin():
    assert ask(guarded, "/graphql", [*LET_IN, JSON, OWN], "POST").status == 200
    assert ask(guarded, "/graphql", [*LET_IN, JSON, OWN, ("sec-fetch-site", "same-origin")], "POST").status == 200
    assert (
        ask(guarded, "/graphql", [*LET_IN, ("content-type", "application/json; charset=utf-8")], "POST").status == 200
    )


@pytest.mark.parametrize(
    "foreign",
    [
        ("origin", "http://elsewhere.example"),
        ("origin", "http://127.0.0.1:8888"),
        ("origin", "https://127.0.0.1:3000"),
        ("origin", "http://localhost:3000"),
        ("origin", "null"),
        ("origin", ""),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ],
)
def test_graphql_refuses_other_pages_even_with_the_cookie(foreign):
    assert ask(guarded, "/graphql", [*LET_IN, JSON, foreign], "POST").status == 403
    assert ask(guarded, "/graphql", [*LET_IN, foreign], kind="websocket").body == "websocket.close"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/graphql", ""])
def test_graphql_refuses_what_a_form_could_send(kind):
    assert ask(guarded, "/graphql?query={version}", [*LET_IN, ("content-type", kind)], "POST").status == 403


@pytest.mark.parametrize(
    "query", ["", "?query={version}", "?query=mutation{deletePipelineRun(runId:%22a%22){__typename}}"]
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_graphql_by_get_is_refused_whole(query, accept, method):
    assert ask(guarded, f"/graphql{query}", [*LET_IN, ("accept", accept)], method).status == 403


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        "/report_asset_materialization/validated_cases",
        "/report_asset_check/validated_cases",
        "/report_asset_observation/validated_cases",
        "/download_debug/0123",
        "/logs/0123/compute_logs/step/err",
        "/notebook?path=/etc/x.ipynb&repoLocName=pilotlens",
        "/dagit/notebook?path=/etc/x.ipynb&repoLocName=pilotlens",
    ],
)
def test_ways_around_the_pages_are_closed(path, method):
    assert ask(guarded, path, [*LET_IN, OWN, JSON], method).status == 403


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_no_other_method(method):
    assert ask(guarded, "/graphql", [*LET_IN, OWN, JSON], method).status == 403


def test_the_websocket_is_for_our_pages():
    assert ask(guarded, "/graphql", [*LET_IN, OWN], kind="websocket").body == "websocket.accept"
    assert ask(guarded, "/graphql", [HOST, OWN], kind="websocket").body == "websocket.close"
    assert ask(guarded, f"/graphql?token={TOKEN}", [HOST, OWN], kind="websocket").body == "websocket.close"
    assert ask(guarded, "/elsewhere", [*LET_IN, OWN], kind="websocket").body == "websocket.close"


def test_a_link_in_a_mail_opens_a_page_but_another_page_cannot_embed_one():
    clicked = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]
    framed = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]
    assert ask(guarded, "/assets", [*LET_IN, *clicked]).status == 200
    assert ask(guarded, "/assets", [*LET_IN, *framed]).status == 403
    assert ask(guarded, "/favicon.png", [*LET_IN, ("sec-fetch-site", "same-site")]).status == 403


def test_pages_may_fetch_from_here_only_beside_what_dagster_asks_itself():
    async def dagster(scope, receive, send):
        await PlainTextResponse("", headers={"Content-Security-Policy": "script-src 'nonce-1'"})(scope, receive, send)

    policies = ask(contained(dagster, port=PORT), headers=LET_IN).all("content-security-policy")
    assert policies == ["script-src 'nonce-1'", ui_policy(PORT)]
    assert "http:" not in ui_policy(PORT)
    assert "https:" not in ui_policy(PORT)


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    found = Workspace(tmp_path)
    site = found.reports_folder / "aid" / "north"
    site.mkdir(parents=True)
    for name in ("report.html", "report.pdf", "tables.xlsx", ".half-written.html", "notes.txt"):
        (site / name).write_text("what a report says")
    found.keys_folder.mkdir()
    (found.keys_folder / "secret.html").write_text("a key")
    (site / "link.html").symlink_to(found.keys_folder / "secret.html")
    return found


def test_reports_are_listed_in_words_with_the_day_they_were_made(workspace):
    body = ask(report_pages(workspace), "/").body
    assert "<h2>aid / north</h2>" in body
    assert '<a href="/pilotlens/reports/aid/north/report.html">Evaluation report (web page)</a>, made ' in body
    assert "half-written" not in body
    assert "notes.txt" not in body


def test_an_empty_workspace_says_that_there_is_no_report(tmp_path):
    assert "No report has been made yet." in ask(report_pages(Workspace(tmp_path)), "/").body


def test_names_of_folders_are_not_html(workspace):
    (workspace.reports_folder / "<b>").mkdir()
    (workspace.reports_folder / "<b>" / "report.html").write_text("")
    assert "<b>" not in ask(report_pages(workspace), "/").body


@pytest.mark.parametrize(
    ("name", "policy"),
    [("report.html", "default-src 'none'"), ("report.pdf", "frame-ancestors"), ("tables.xlsx", "default-src")],
)
def test_reports_are_served_but_run_nothing(workspace, name, policy):
    answer = ask(report_pages(workspace), f"/aid/north/{name}")
    assert (answer.status, answer.body) == (200, "what a report says")
    assert answer.all("content-security-policy")[0].startswith(policy)
    assert "script-src" not in answer.all("content-security-policy")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/aid/north/notes.txt",
        "/aid/north/.half-written.html",
        "/aid/north/link.html",
        "/aid/north/",
        "/../keys/secret.html",
        "/aid/../../keys/secret.html",
        "/aid/..\\..\\keys/secret.html",
        "//etc/hosts.html",
        "/aid/north/report.html\x00.html",
    ],
)
def test_nothing_but_reports_is_served(workspace, path):
    answer = ask(report_pages(workspace), path)
    assert answer.status == 404
    assert "a key" not in answer.body
