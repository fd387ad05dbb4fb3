"""Shared by the clients' scripts: where the API is, what is asked, and how an outcome is said."""

import json
import os
import traceback
from collections.abc import Callable

BASE_URL, FLAKY_URL = os.environ["BASE_URL"], os.environ["FLAKY_URL"]
API_KEY, MODEL = os.environ["API_KEY"], os.environ["MODEL"]
QUESTION = "Màu gì?"
TOOL_QUESTION = "Gọi count_shapes: có mấy hình?"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE_URL = f"data:image/png;base64,{PNG}"


def report(**scenarios: Callable[[], object] | None) -> None:
    """Run scenarios and print a line about each: ``None`` stands for what a client does not have."""
    for name, scenario in scenarios.items():
        said = "-"
        if scenario is not None:
            try:
                scenario()
                said = "ok"
            except BaseException as error:
                frame = traceback.extract_tb(error.__traceback__)[-1]
                said = f"{type(error).__name__}: {error} ({frame.filename.rpartition('/')[2]}:{frame.lineno})"[:600]
        print("RESULT " + json.dumps([name, said]), flush=True)


def raises(kind: type[BaseException] | tuple[type[BaseException], ...], act: Callable[[], object]) -> BaseException:
    """Return the error that ``act`` must raise."""
    try:
        act()
    except kind as error:
        return error
    raise AssertionError("no error")
