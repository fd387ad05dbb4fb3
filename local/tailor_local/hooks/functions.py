"""Run functions as on AWS: without the emulator's environment, with shared layers and retries."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tailor_local.hooks.needed import inside

LAYERS_SETTING = "TAILOR_LAYERS"  # where unpacked layers are kept for the next cloud
LAYER_SECONDS = 7 * 24 * 3600  # since a layer was last used
_SIGN = "unpacked-in"  # the one file of an archive that stands for an unpacked layer
OVERDUE = 60.0  # seconds after which a schedule starts a function again, whatever became of the last start


def run_outside_our_environment() -> None:
    """Run functions with their layers only, without the emulator's Python environment."""
    runtime = inside("core.lambda_runtime")
    original = runtime._detect_runtime_binary

    def _detect_runtime_binary(name: str) -> tuple[str, str]:
        binary, worker = original(name)
        return (getattr(sys, "_base_executable", binary), worker) if binary == sys.executable else (binary, worker)

    runtime._detect_runtime_binary = _detect_runtime_binary


def retry_rules() -> None:
    """A rule invokes a function asynchronously: two retries, then the function's dead-letter queue. The emulator
    calls it once. And a schedule whose minute lasts a second must not start a function that is still at work, as it
    would not on AWS: the starts would pile up."""
    eventbridge, functions = inside("services.eventbridge"), inside("services.lambda_svc")
    at_work: dict[str, float] = {}  # functions started by a schedule → when
    execute = functions._execute_function

    def _execute_function(func: dict[str, Any], event: dict[str, Any]) -> Any:
        result = None
        try:
            result = execute(func, event)
            return result
        finally:
            if not (result and result.get("throttle")):  # one that waits for room is not over
                at_work.pop((func.get("config") or func).get("FunctionArn", ""), None)

    def _dispatch_to_lambda(arn: str, payload: str) -> None:
        record, config, _ = functions._get_func_record_for_ref(arn)
        if not record or not config:
            return
        event = json.loads(payload)
        if isinstance(event, dict) and event.get("detail-type") == "Scheduled Event":
            now = time.monotonic()
            if now - at_work.get(config["FunctionArn"], -OVERDUE) < OVERDUE:
                return
            at_work[config["FunctionArn"]] = now
        functions.invoke_async_with_retry(functions._execution_record_for_config(record, config), event)

    functions._execute_function = _execute_function
    eventbridge._dispatch_to_lambda = _dispatch_to_lambda


def share_layers() -> None:
    """Every worker of every function unpacks its layers anew, 150 MB for some; here each layer is unpacked once.

    What Python compiles of it is then there for the next worker too, so that cold starts are quick. Workers are given
    a small archive that says where; what is measured of a layer is its own content, once.
    """
    runtime, functions = inside("core.lambda_runtime"), inside("services.lambda_svc")
    content_of = functions._resolve_layer_zip
    shared = Path(os.environ.get(LAYERS_SETTING) or Path(tempfile.gettempdir()) / "layers")
    shared.mkdir(parents=True, exist_ok=True)
    for layer in shared.iterdir():
        if layer.stat().st_mtime < time.time() - LAYER_SECONDS:
            shutil.rmtree(layer, ignore_errors=True)
    folder_of, size_of = _once_for_each(_digest), _once_for_each(functions._unzipped_size)
    lock = threading.Lock()

    def sign_of(layer: bytes) -> bytes:
        unpacked = shared / folder_of(layer)
        with lock:
            if not unpacked.is_dir():
                _unpack(layer, unpacked)
        return _sign(unpacked)

    def of_content(look: Callable[[bytes], Any], without: Any) -> Callable[[Any], Any]:
        def of_layer(attachment: Any) -> Any:
            content = content_of(attachment)
            return look(content) if content else without

        return of_layer

    functions._resolve_layer_zip = of_content(sign_of, None)
    functions._layer_unzipped_size = of_content(size_of, 0)
    runtime.zipfile = SimpleNamespace(
        ZipFile=_Linking,
        BadZipFile=zipfile.BadZipFile,
        LargeZipFile=zipfile.LargeZipFile,
        LargeFileError=zipfile.LargeZipFile,
    )


class _Linking(zipfile.ZipFile):
    """An archive whose folder is a link where it only names a folder."""

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        folder = Path(path or ".")
        if self.namelist() == [_SIGN]:
            unpacked = Path(self.read(_SIGN).decode())
            os.utime(unpacked)
            folder.rmdir()
            folder.symlink_to(unpacked)
            return
        super().extractall(path, members, pwd)
        for item in self.infolist():
            if mode := item.external_attr >> 16:
                (folder / item.filename).chmod(mode)  # a script that Lambda starts must be executable


def _once_for_each(look: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Return ``look``, called once for each object. The objects are kept: no other one can have the same id."""
    seen: dict[int, tuple[bytes, Any]] = {}
    lock = threading.Lock()

    def looked(content: bytes) -> Any:
        with lock:
            if id(content) not in seen:
                seen[id(content)] = content, look(content)
            return seen[id(content)][1]

    return looked


def _sign(unpacked: Path) -> bytes:
    """Return an archive that names a folder."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(_SIGN, str(unpacked))
    return content.getvalue()


def _digest(layer: bytes) -> str:
    """Return a hash of what an archive lists."""
    with zipfile.ZipFile(io.BytesIO(layer)) as archive:
        listed = "\n".join(f"{item.filename} {item.CRC} {item.file_size}" for item in archive.infolist())
    return hashlib.sha256(listed.encode()).hexdigest()


def _unpack(layer: bytes, folder: Path) -> None:
    partial = folder.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(io.BytesIO(layer)) as archive:
        archive.extractall(partial)
    with contextlib.suppress(OSError):  # another cloud may have been quicker
        partial.rename(folder)
    shutil.rmtree(partial, ignore_errors=True)
