"""`pilotlens ui`: Dagster's UI behind the guard, with everything that it needs, in one command.

One shared code server holds the definitions, so that the UI and the daemon agree on them and import them once; runs
launched from the UI or by the sensor start from it. Who is let in belongs in assets.guard, Dagster's settings in
assets.instance.
"""

from __future__ import annotations

import fcntl
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, cast

import dagster as dg
import typer
import uvicorn
import yaml
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
from dagster_webserver.webserver import DagsterWebserver
from starlette.applications import Starlette
from starlette.routing import Mount

from assets.at_work import give_up_cut_off
from assets.exit_codes import Unavailable
from assets.guard import Guard, contained
from assets.instance import open_instance, prepare
from assets.report_pages import report_pages
from assets.telling import REPORTS_URL
from pipelines.refusal import Refusal
from pipelines.workspace import ROOT, Workspace

DEFINITIONS = "assets.definitions"
PORTS_TRIED = 100
SECONDS_TO_STOP = 20
REFRESH_MILLISECONDS = 2000
"""How often the pages ask for news, as in Dagster's own development server."""


def serve(workspace: Workspace, *, port: int = 3000, read_only: bool = False, open_browser: bool = False) -> None:
    """Serve the UI on this machine only until Ctrl-C.

    Parameters
    ----------
    port : the wished port; the next free one is taken, and named, when it is in use.
    read_only : look, but start nothing: neither runs by hand nor sensors and schedules.
    open_browser : open the link as well as printing it.
    """
    with ExitStack() as running, suppress(KeyboardInterrupt):
        running.enter_context(_stopped_like_ctrl_c())
        if not read_only:
            running.enter_context(_only_one(workspace))
        listener = running.enter_context(_listen(port))
        typer.echo("Pilotlens is starting …")
        instance = running.enter_context(open_instance(workspace))
        if not read_only:
            give_up_cut_off(instance, workspace)
        locations = running.enter_context(_code_server(instance))
        if not read_only:
            running.enter_context(_daemon(locations))
        context = WorkspaceProcessContext(instance, WorkspaceFileTarget([str(locations)]), read_only=read_only)
        _answer(workspace, running.enter_context(context), listener, open_browser=open_browser)
    typer.echo("Pilotlens has stopped.")


@contextmanager
def _stopped_like_ctrl_c() -> Iterator[None]:
    """Make a plain kill and a closed terminal window stop everything in order, as Ctrl-C does."""
    stopping = {
        signal.SIGTERM: signal.default_int_handler,
        # uvicorn ends its requests in order on SIGTERM, but does not know SIGHUP.
        signal.SIGHUP: lambda *_: signal.raise_signal(signal.SIGTERM),
    }
    before = {each: signal.signal(each, handler) for each, handler in stopping.items()}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _only_one(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace: two daemons on it would start every run twice."""
    with (prepare(workspace) / "ui.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            remedy = "Use the window that it printed its link in, stop it there with Ctrl-C, or look with --read-only."
            raise Unavailable(f"Pilotlens is already open on the workspace {workspace.root}. {remedy}") from None
        yield


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    """Listen on loopback at the port or the next free one; bound at once, so that nobody takes it meanwhile."""
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", candidate))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        if candidate != port:
            typer.echo(f"Port {port} is in use by another program; using {candidate}.")
        with listener:
            yield listener
        return
    raise Refusal(f"No port from {port} on is free.", "Choose another with --port.")


@contextmanager
def _code_server(instance: dg.DagsterInstance) -> Iterator[Path]:
    """Start the server of the definitions; yield the file that says where it listens."""
    target = ModuleTarget(DEFINITIONS, attribute=None, working_directory=str(ROOT), location_name="pilotlens")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProxyServerManager(instance, target, code_server_log_level="WARNING") as manager,
    ):
        locations = Path(folder) / "workspace.yaml"
        locations.write_text(yaml.safe_dump({"load_from": list(manager.get_code_server_specs())}))
        yield locations


@contextmanager
def _daemon(locations: Path) -> Iterator[None]:
    """Run the daemon beside the UI; in a session of its own, so that Ctrl-C reaches it once, through us."""
    command = [sys.executable, "-m", "assets.daemon", str(locations)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, cwd=ROOT)
    try:
        yield
    finally:
        cast(IO[bytes], process.stdin).close()
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()


def _answer(
    workspace: Workspace, context: WorkspaceProcessContext, listener: socket.socket, *, open_browser: bool
) -> None:
    """Answer requests until a signal stops us."""
    port, token = listener.getsockname()[1], secrets.token_urlsafe(24)

    def ready() -> None:
        _say_where(port, token, open_browser=open_browser)

    app = application(workspace, context, port=port, token=token, ready=ready)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[listener])


def application(
    workspace: Workspace,
    context: WorkspaceProcessContext,
    *,
    port: int,
    token: str,
    ready: Callable[[], None] = lambda: None,
) -> Guard:
    """Return the guarded application: the reports under their prefix, Dagster's UI everywhere else."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        ready()
        yield

    dagster = DagsterWebserver(context, live_data_poll_rate=REFRESH_MILLISECONDS).create_asgi_app()
    routes = [Mount(REPORTS_URL, report_pages(workspace)), Mount("/", contained(dagster, port=port))]
    return Guard(Starlette(routes=routes, lifespan=lifespan), port=port, token=token)


def _say_where(port: int, token: str, *, open_browser: bool) -> None:
    link = f"http://127.0.0.1:{port}/?token={token}"
    typer.echo(f"Pilotlens is at {link} (Ctrl-C to stop)")
    if open_browser:
        webbrowser.open(link)
