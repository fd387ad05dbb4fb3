"""Starts and stops the local cloud: one emulator process, with Bedrock's stand-in in it.

with LocalCloud(port=0) as cloud:
    outputs = cloud.deploy()
    s3 = cloud.session().client("s3", endpoint_url=cloud.endpoint)
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import boto3

from tailor_local import quotas, timelapse
from tailor_local.bedrock.faults import Faults
from tailor_local.deployment import deploy
from tailor_local.errors import AlreadyRunningError, LocalCloudError, PortBusyError
from tailor_local.places import ROOT, written

HOST = "127.0.0.1"
DEFAULT_PORT = 4566
PORT_SETTING = "TAILOR_PORT"
ACCOUNT = "123456789012"
REGION = "us-east-1"
OWNER = "test"  # the emulator's access key and secret of the account's owner
PORTS = range(10_000, 30_000)  # below those that systems give to outgoing connections
START_SECONDS = 180.0  # 3 on a quiet machine
STOP_SECONDS = 60.0
# Settings of the shell that must reach neither the emulator nor the functions in it.
FOREIGN = ("AWS_", "PYTHON", "VIRTUAL_ENV", "MINISTACK_", "LOCALSTACK_", "LAMBDA_")


class LocalCloud:
    """AWS on this machine, with IAM enforced.

    ``port`` 0 means any free one; None means TAILOR_PORT or 4566. ``directory`` holds state, log and process file, by
    default `.local` of the checkout. With ``keep`` the state outlives a stop and is taken up by the next start.
    ``background`` lets the emulator run on when this process ends. ``pace`` is the number of seconds that stand for a
    minute (see `timelapse`). ``raised`` holds quotas that differ from a new account's (see `quotas`).
    """

    def __init__(
        self,
        port: int | None = None,
        directory: Path | None = None,
        *,
        keep: bool = False,
        background: bool = False,
        faults: Faults | None = None,
        pace: float | None = None,
        raised: Mapping[str, int] | None = None,
        region: str = REGION,
    ) -> None:
        self.port = _free_port() if port == 0 else port if port is not None else port_from_environment()
        self.directory = directory or written(ROOT)
        self.keep = keep
        self.background = background
        self._faults = faults
        self._pace = pace
        self._raised = raised
        self.region = region
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        return self.directory / "cloud.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when the cloud answers. Raises PortBusyError, AlreadyRunningError or LocalCloudError."""
        timelapse.pace()  # reports wrong settings here, not in another process's log
        quotas.of_the_account()
        running = running_cloud(self.directory)
        if running:
            hint = "Stop it first: tailor down"
            raise AlreadyRunningError(f"A local cloud runs already, at {running['endpoint']}. {hint}")
        self._check_port()
        self._prepare_directory()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tailor_local.emulator"],
                cwd=self.directory,
                env=self._process_environment(),
                stdin=subprocess.DEVNULL if self.background else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _process_file(self.directory).write_text(
            json.dumps({"pid": self._process.pid, "endpoint": self.endpoint, "keep": self.keep})
        )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the emulator and every function in it. State is written first where it is kept."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin:
                process.stdin.close()
            _end(process.pid, process)
        self._clean()

    def _clean(self) -> None:
        _process_file(self.directory).unlink(missing_ok=True)
        shutil.rmtree(self.directory / "tmp", ignore_errors=True)
        if not self.keep:
            shutil.rmtree(self.directory / "state", ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which a client, the AWS CLI or sam reaches this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": OWNER,
            "AWS_SECRET_ACCESS_KEY": OWNER,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }

    def session(self) -> boto3.Session:
        """Return a boto3 session as the account's owner. Clients of it need ``endpoint_url=cloud.endpoint``: see
        `client`."""
        return boto3.Session(aws_access_key_id=OWNER, aws_secret_access_key=OWNER, region_name=self.region)

    def client(self, service: str, **settings: Any) -> Any:
        """Return a boto3 client of this cloud, as the account's owner."""
        return self.session().client(service, endpoint_url=self.endpoint, **settings)  # type: ignore[call-overload]

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Outputs of the stack; deploys it where nobody has."""
        return self.deploy()

    def deploy(self, parameters: Mapping[str, str] | None = None) -> dict[str, str]:
        """Build and deploy `template.yaml` with sam; the stack's outputs. Raises DeployError."""
        self.outputs = deploy(ROOT, self.environment(), parameters or {})
        return self.outputs

    @property
    def api_url(self) -> str:
        """Return the base URL of the API as this cloud serves it."""
        return api_address(self.endpoint, self.outputs["ApiUrl"], self.outputs["ApiId"])

    def warm(self) -> list[str]:
        """Start the functions behind the API, so that first requests need not wait for them; return their names."""
        return list(self.control("warm", "POST"))

    @property
    def console_url(self) -> str:
        """Return the address of the page for people."""
        return f"{self.api_url.removesuffix('/v1')}/console"

    def set_faults(self, faults: Faults) -> None:
        """From now on; an empty `Faults()` ends all."""
        self.control("faults", "PUT", faults.model_dump_json().encode())

    def calls(self) -> dict[str, int]:
        """Return the number of requests for each operation of Bedrock."""
        return dict(self.control("calls"))

    def control(self, path: str, method: str = "GET", body: bytes | None = None) -> Any:
        """Return the stand-in's own API: faults, calls, events, usage, state."""
        request = urllib.request.Request(f"{self.endpoint}/_tailor/{path}", body, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def _check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise PortBusyError(
                    f"Port {self.port} is in use. Stop what listens there, or choose another: {PORT_SETTING}="
                    f"{self.port + 1}, or tailor up --port {self.port + 1}."
                ) from error

    def _prepare_directory(self) -> None:
        if not self.keep:
            shutil.rmtree(self.directory / "state", ignore_errors=True)
        for name in ("state", "tmp"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        if self._faults is not None:
            (self.directory / "tmp" / "faults.json").write_text(self._faults.model_dump_json())

    def _process_environment(self) -> dict[str, str]:
        state = self.directory / "state"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        environment |= self.environment()
        environment |= {
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "PYTHONUNBUFFERED": "1",
            "AUTH": "true",
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": self.region,
            "PERSIST_STATE": "1" if self.keep else "0",
            "STATE_DIR": str(state),
            "S3_PERSIST": "1" if self.keep else "0",
            "S3_DATA_DIR": str(state / "s3"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "TMPDIR": str(self.directory / "tmp"),
            "TAILOR_LAYERS": str(written(ROOT) / "layers"),
            "TAILOR_BACKGROUND": "1" if self.background else "0",
        }
        if self._pace is not None:
            environment[timelapse.PACE_SETTING] = str(self._pace)
        if self._raised is not None:
            environment[quotas.SETTING] = json.dumps(dict(self._raised))
        if self._faults is not None:
            environment["TAILOR_FAULTS"] = str(self.directory / "tmp" / "faults.json")
        pace = float(environment.get(timelapse.PACE_SETTING, timelapse.DEFAULT_PACE))
        environment["SFN_WAIT_SCALE"] = str(pace / 60)
        return environment

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalCloudError(f"The local cloud ended while it started. Its log says:\n{self._log_end()}")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5):  # noqa: S310
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise LocalCloudError(f"The local cloud was not ready after {START_SECONDS:.0f} s. See {self.log}.")

    def _log_end(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def api_address(endpoint: str, url: str, identifier: str) -> str:
    """Return the base URL of a deployed API at a local cloud.

    Args:
        url: the stack's output ``ApiUrl``, whose host name is AWS's.
        identifier: the stack's output ``ApiId``.
    """
    stage = url.rsplit("/", 2)[-2]
    return f"{endpoint}/restapis/{identifier}/{stage}/_user_request_/v1"


def port_from_environment() -> int:
    """TAILOR_PORT or 4566. Raises LocalCloudError for what is no port."""
    text = os.environ.get(PORT_SETTING) or str(DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LocalCloudError(f"{PORT_SETTING} is {text!r}. It is a port: a number from 1 to 65535.")
    return int(text)


def running_cloud(directory: Path | None = None) -> dict[str, Any] | None:
    """Return the cloud described by a process file, if it still runs: pid, endpoint, keep."""
    file = _process_file(directory or written(ROOT))
    try:
        found: dict[str, Any] = json.loads(file.read_text())
        os.kill(found["pid"], 0)
    except (OSError, ValueError):
        return None
    return found


def use_local_cloud() -> None:
    """Points this process at the local cloud that runs. Raises LocalCloudError where none does."""
    running = running_cloud()
    if running is None:
        raise LocalCloudError("No local cloud runs. Start it: tailor up")
    os.environ.update(LocalCloud(int(running["endpoint"].rsplit(":", 1)[1])).environment())


def stop_running(directory: Path | None = None) -> bool:
    """Stop the cloud that runs in the background; False if none does."""
    found = running_cloud(directory)
    if found is None:
        return False
    _end(found["pid"])
    cloud = LocalCloud(port=1, directory=directory, keep=found["keep"])
    cloud._clean()
    return True


def _process_file(directory: Path) -> Path:
    return directory / "cloud.json"


def _end(pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Ask a cloud's process to end, then make it and all in its group end."""
    _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None if process else not _alive(pid):
            return
        time.sleep(0.05)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    if process:
        process.wait()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    """Return a port that nobody listens at. One that the system gives out to connections could be taken before the
    emulator listens."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
