"""What the kubelet and Prometheus ask: /healthz, /ready and /metrics, at a port of their own."""

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from modelyard.request_log.counters import Counters
from modelyard.request_log.sidecar.desk import Desk
from modelyard.request_log.sidecar.metrics import CONTENT_TYPE, exposition
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.spool import held


@contextlib.asynccontextmanager
async def served(settings: Settings, counters: Counters, desk: Desk) -> AsyncIterator[None]:
    """Answer until the end. Raises OSError for a port."""

    async def healthy(_: web.Request) -> web.Response:
        return web.Response()

    async def ready(_: web.Request) -> web.Response:
        return web.Response(status=200 if await desk.is_ready() else 503)

    async def measured(_: web.Request) -> web.Response:
        text = exposition(counters, held(settings.spool))
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    application = web.Application()
    application.router.add_get("/healthz", healthy)
    application.router.add_get("/ready", ready)
    application.router.add_get("/metrics", measured)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, None, settings.admin).start()
        yield
    finally:
        await runner.cleanup()
