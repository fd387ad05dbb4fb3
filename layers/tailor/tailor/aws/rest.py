"""Shared by the functions behind API Gateway: the caller, headers, errors in one shape, a log without content."""

import json
import sys
import traceback
from collections.abc import Iterator
from typing import Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.serving.errors import ApiError, render, to_api_error
from tailor.serving.keys import Caller
from tailor.serving.origins import AllowedOrigins
from tailor.serving.service import JSON_TYPE, ApiAnswer


class RestApi:
    """A function's API: register ``routes``; exceptions that they raise become API errors."""

    def __init__(self, logger: Logger, allowed_origins: str = "") -> None:
        self.routes = APIGatewayRestResolver()
        self._logger = logger
        self._origins = AllowedOrigins(allowed_origins)
        self.routes.not_found(self._not_found)
        self.routes.exception_handler(Exception)(self._failed)

    def resolve(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer a request, in Vietnamese where its header ``Accept-Language`` asks for that first."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        if not (headers.get("accept-language") or "").lower().startswith("vi"):
            return self.routes.resolve(event, context)
        from tailor.vietnamese import asked_for  # apps read English, and a cold start is short

        with asked_for(True):
            return self.routes.resolve(event, context)

    @property
    def body(self) -> bytes:
        return (self.routes.current_event.decoded_body or "").encode(errors="surrogatepass")

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.routes.current_event.headers)

    @property
    def query(self) -> dict[str, str]:
        return self.routes.current_event.query_string_parameters or {}

    @property
    def caller(self) -> Caller:
        return Caller.from_context(self.routes.current_event.request_context.authorizer.raw_event)

    def answer(self, answer: ApiAnswer) -> Response[str]:
        body: str | Iterator[str] = answer.body
        if answer.pieces is not None:
            body = self._logged(answer.pieces, answer.facts)
        elif answer.facts:
            self._logger.info("answered", extra=answer.facts)
        return self._response(200, body, answer.content_type, answer.headers)

    def _logged(self, pieces: Iterator[str], facts: dict[str, Any]) -> Iterator[str]:
        """Yield the pieces of an answer, then log its facts: they are complete at its end."""
        try:
            yield from pieces
        finally:
            log, what = (self._logger.error, "stream failed") if "error" in facts else (self._logger.info, "answered")
            log(what, extra=facts)

    def _not_found(self, _: Exception) -> Response[str]:
        event = self.routes.current_event
        return self._refuse(ApiError(404, f"there is no {event.http_method} {event.path}", code="not_found"))

    def _failed(self, error: Exception) -> Response[str]:
        answer = to_api_error(error)
        if answer.http_status >= 500 and not isinstance(error, ApiError):
            # Where it happened, never what it said: an exception's text may quote a request.
            frames = traceback.format_tb(error.__traceback__)
            extra: dict[str, Any] = {"error": type(error).__name__, "code": answer.code, "frames": frames}
            self._logger.error("request failed", extra=extra)
        return self._refuse(answer)

    def _refuse(self, error: ApiError) -> Response[str]:
        body, headers = render(error)
        body["error"]["message"] = _as_asked(error.message)
        self._logger.info("refused", extra={"status": error.http_status, "code": error.code})
        return self._response(error.http_status, json.dumps(body, ensure_ascii=False), JSON_TYPE, headers)

    def _response(
        self, status: int, body: str | Iterator[str], content_type: str, headers: dict[str, str]
    ) -> Response[str]:
        event = self.routes.current_event
        own = {"x-request-id": event.request_context.request_id, "cache-control": "no-store"}
        headers = {**own, **self._origins.headers(event.headers.get("origin")), **headers}
        if event.http_method == "HEAD":
            body = ""
        # A body in pieces passes through as it is, to the runtime loop that writes it (tailor.aws.streaming).
        return Response(status_code=status, content_type=content_type, body=cast("str", body), headers=headers)


def _as_asked(message: str) -> str:
    """Return an error's message in the language that the request asks for."""
    vietnamese = sys.modules.get("tailor.vietnamese")  # who asks for it has loaded it
    return message if vietnamese is None else str(vietnamese.as_asked(message))
