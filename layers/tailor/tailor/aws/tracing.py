"""Tell X-Ray how long steps and calls of Bedrock take: a datagram to Lambda's daemon for each.

The protocol is documented ("Sending trace data to AWS X-Ray"), and the standard library speaks it: nothing is loaded
for it at a cold start. Names, times and outcomes are sent, never a request, an answer or an error's text.
Outside Lambda, and for requests that X-Ray does not sample, nothing is sent.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

_HEADER = b'{"format": "json", "version": 1}\n'
_BEGAN = "tailor-began"
_enclosing: list[str] = []  # ids of the segments that are open; an instance handles one request at a time


@contextmanager
def segment(name: str, annotations: Mapping[str, str] | None = None) -> Iterator[None]:
    """Report the block as a segment of the request's trace, with those within it.

    Args:
        annotations: what traces are found by, such as a run's id.
    """
    began, identifier, outcome = time.time(), secrets.token_hex(8), dict[str, Any]()
    parent = _parent()
    _enclosing.append(identifier)
    try:
        yield
    except BaseException as error:
        outcome = {"fault": True, "cause": {"exceptions": [_exception(error)]}}
        raise
    finally:
        _enclosing.remove(identifier)
        _send({"name": name, "annotations": dict(annotations or {}), **outcome}, identifier, parent, began)


def traced[**P, T](name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator that reports each call of a handler as a segment, found by the id of the event's run."""

    def decorate(handler: Callable[P, T]) -> Callable[P, T]:
        @wraps(handler)
        def reported(*args: P.args, **kwargs: P.kwargs) -> T:
            with segment(name, _run_of(args[0] if args else {})):
                return handler(*args, **kwargs)

        return reported

    return decorate


@contextmanager
def traced_call(service: str, operation: str, region: str) -> Iterator[Callable[[int], None]]:
    """Report the block as a call of a service; yields what to tell the answer's status."""
    began, outcome = time.time(), dict[str, Any]()
    try:
        yield lambda status: outcome.update(_outcome(status))
    except BaseException as error:
        outcome |= {"fault": True, "cause": {"exceptions": [_exception(error)]}}
        raise
    finally:
        call = {"operation": operation, "region": region}
        document = {"name": service, "namespace": "aws", "aws": call, **outcome}
        _send(document, secrets.token_hex(8), _parent(), began)


def trace_calls(client: Any) -> None:
    """Report each call of a boto3 client, with its operation and status."""
    service = client.meta.service_model.service_id

    def began(context: dict[str, Any], **_: Any) -> None:
        context[_BEGAN] = time.time()

    def ended(context: dict[str, Any], model: Any = None, http_response: Any = None, **given: Any) -> None:
        status = getattr(http_response, "status_code", None)
        outcome = _outcome(status) if status else dict[str, Any](fault=True)
        if not status and (error := given.get("exception")):
            outcome["cause"] = {"exceptions": [_exception(error)]}
        call = {"operation": str(given["event_name"]).rsplit(".", 1)[-1], "region": client.meta.region_name}
        parent, moment = _parent(), context.get(_BEGAN, time.time())
        _send({"name": service, "namespace": "aws", "aws": call, **outcome}, secrets.token_hex(8), parent, moment)

    events = client.meta.events
    events.register("before-call", began)
    events.register("after-call", ended)
    events.register("after-call-error", ended)


def _outcome(status: int) -> dict[str, Any]:
    """Return what a segment says of an answer's status."""
    found = {"fault": status >= 500, "error": 400 <= status < 500, "throttle": status == 429}
    return found | {"http": {"response": {"status": status}}}


def _run_of(event: Any) -> dict[str, str]:
    parts = event.values() if isinstance(event, dict) else []
    return next(({"run": str(part["run"])} for part in parts if isinstance(part, dict) and "run" in part), {})


def _exception(error: BaseException) -> dict[str, str]:
    return {"id": secrets.token_hex(8), "type": type(error).__name__}


def _trace() -> dict[str, str]:
    """Return the parts of the trace header that Lambda sets for each request; empty if it is not sampled."""
    header = os.environ.get("_X_AMZN_TRACE_ID", "")
    parts = dict(part.split("=", 1) for part in header.split(";") if "=" in part)
    return parts if parts.get("Sampled") == "1" and {"Root", "Parent"} <= parts.keys() else {}


def _parent() -> str:
    return _enclosing[-1] if _enclosing else _trace().get("Parent", "")


def _send(document: dict[str, Any], identifier: str, parent: str, began: float) -> None:
    trace, address = _trace(), os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "")
    host, _, port = address.partition(":")
    if not trace or not port.isdecimal():
        return
    document |= {"id": identifier, "trace_id": trace["Root"], "parent_id": parent, "type": "subsegment"}
    data = _HEADER + json.dumps(document | {"start_time": began, "end_time": time.time()}).encode()
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.sendto(data, (host, int(port)))  # what is lost is a gap in a trace, no failure
