"""Start a local cloud that runs on by itself, and stop it: for `tailor up`, `tailor down` and `make up`."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tailor_local.cloud import LocalCloud, running_cloud, stop_running, use_local_cloud


class Running(NamedTuple):
    """Addresses of a cloud that runs in the background."""

    endpoint: str
    api_url: str
    console_url: str
    log: Path


def start(port: int | None = None, *, keep: bool = False) -> Running:
    """Start a cloud in the background and deploy to it. Stops it if that fails. Raises LocalCloudError."""
    cloud = LocalCloud(port, keep=keep, background=True)
    cloud.start()
    try:
        cloud.deploy()
        with suppress(OSError):  # a slow machine: the first requests start what is not warm then
            cloud.warm()
        return Running(cloud.endpoint, cloud.api_url, cloud.console_url, cloud.log)
    except BaseException:
        cloud.stop()
        raise


def is_up() -> bool:
    """Return whether a cloud runs in the background."""
    return running_cloud() is not None


def use() -> None:
    """Have this process use the cloud that runs. Raises LocalCloudError if none does."""
    use_local_cloud()


def stop() -> bool:
    """Stop the cloud that runs in the background; return whether one did."""
    return stop_running()
