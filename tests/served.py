"""Serve HTTP in a thread, for as long as a ``with`` block lasts."""

import threading
from http.server import HTTPServer
from types import TracebackType
from typing import Self


class Served:
    """Base of test servers: a subclass sets ``_server``."""

    _server: HTTPServer

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
