"""The local cloud's command line for development: `python -m tailor_local up` in the foreground, `down`, `env`."""

import argparse
import shlex
import signal
import sys
from types import FrameType

from tailor_local.cloud import LocalCloud, running_cloud, stop_running
from tailor_local.errors import LocalCloudError

INTERRUPTED = 130  # as shells say it of SIGINT


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tailor_local", description="AWS on this machine, with Tailor in it."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start it and deploy the template")
    up.add_argument("--port", type=int, help="default: TAILOR_PORT or 4566")
    up.add_argument("--keep", action="store_true", help="keep its state when it stops, and take up what was kept")
    up.add_argument("--no-deploy", action="store_true", help="start the emulator alone")
    commands.add_parser("down", help="stop the one that runs in the background")
    commands.add_parser("env", help="print the settings that clients need, for eval")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "up":
            return _up(chosen)
        return _down() if chosen.command == "down" else _env()
    except LocalCloudError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nInterrupted: the local cloud is stopped.", file=sys.stderr)
        return INTERRUPTED


def _up(chosen: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    cloud = LocalCloud(chosen.port, keep=chosen.keep)
    cloud.start()
    try:
        print(f"The local cloud runs at {cloud.endpoint}. Log: {cloud.log}")
        if not chosen.no_deploy:
            print("Deploying …")
            for name, value in cloud.outputs.items():
                print(f"  {name}: {value}")
            cloud.warm()
            print(f"The API answers here at {cloud.api_url}")
            print(f"The console is at {cloud.console_url}; a link with a key: .venv/bin/tailor --local console PROJECT")
    except BaseException:
        cloud.stop()
        raise
    try:
        print("Ctrl-C stops it.")
        signal.pause()
    except KeyboardInterrupt:
        print()
    finally:
        cloud.stop()
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _down() -> int:
    print("The local cloud is stopped." if stop_running() else "No local cloud runs.")
    return 0


def _env() -> int:
    running = running_cloud()
    if running is None:
        raise LocalCloudError("No local cloud runs. Start it: tailor up")
    cloud = LocalCloud(int(running["endpoint"].rsplit(":", 1)[1]))
    for name, value in cloud.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
