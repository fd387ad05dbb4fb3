"""Queue a crowd's requests to the API: few functions run at once, and the other requests wait.

On AWS each request that finds no free environment starts one, and the account's limit is what bounds them. Here all
share the processors of one machine: fifty cold starts at once take longer than any client waits. So requests queue at
the gateway, where nothing is counted as running yet. Calls by anybody else are as before.
"""

import asyncio
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tailor_local.hooks.needed import inside

PLACES = min(max(4, os.cpu_count() or 1), 8)
"""Requests whose functions run at once: near the number of processors, and less than the 10 of a new account."""


def queue_requests() -> None:
    """Call it after hooks that look at what a function answered to the gateway."""
    gateway = inside("services.apigateway_v1")
    places = asyncio.Semaphore(PLACES)
    for name in ("_call_lambda_raw", "_invoke_authorizer_lambda"):
        setattr(gateway, name, _waiting(getattr(gateway, name), places))


def _waiting(call: Callable[..., Any], places: asyncio.Semaphore) -> Callable[..., Any]:
    async def waits(*arguments: Any, **named: Any) -> Any:
        async with places:
            return await call(*arguments, **named)

    return waits


def warm() -> list[str]:
    """Start an environment of each function behind the API, and return their names: first requests find one then."""
    gateway, functions = inside("services.apigateway_v1"), inside("services.lambda_svc")
    authorizers = [each for held in gateway._authorizers_v1.values() for each in held.values()]
    resources = [each for held in gateway._resources.values() for each in held.values()]
    methods = [method for each in resources for method in each.get("resourceMethods", {}).values()]
    uris = [each.get("authorizerUri") for each in authorizers]
    uris += [(method.get("methodIntegration") or {}).get("uri") for method in methods]
    found = (re.search("/functions/([^/]+)/", uri or "") for uri in uris)
    names = sorted({name[1] for name in found if name})
    with ThreadPoolExecutor(PLACES) as pool:
        return list(pool.map(lambda name: _start(*functions._get_func_record_for_ref(name)[:2]), names))


def _start(record: dict[str, Any], config: dict[str, Any]) -> str:
    runtime, name = inside("core.lambda_runtime"), str(config["FunctionName"])
    worker, _ = runtime.acquire_worker(name, config, record["code_zip"], qualifier=config.get("Version", "$LATEST"))
    try:
        runtime.ensure_spawned(worker)
    finally:
        runtime.release_worker(worker)
    return name
