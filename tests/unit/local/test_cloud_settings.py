"""Wrong settings and busy ports are told before anything starts."""

import socket
from pathlib import Path

import pytest

from tailor_local import timelapse
from tailor_local.__main__ import main
from tailor_local.cloud import LocalCloud, port_from_environment
from tailor_local.errors import LocalCloudError, PortBusyError


def test_a_busy_port_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortBusyError, match=rf"Port {port} is in use.*TAILOR_PORT={port + 1}") as busy:
            LocalCloud(port, tmp_path).start()
        assert busy.value.exit_code == 3
        assert main(["up", "--port", str(port), "--no-deploy"]) in (3, 4)  # 4: this repository's cloud runs already


def test_the_port_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAILOR_PORT", raising=False)
    assert port_from_environment() == 4566
    monkeypatch.setenv("TAILOR_PORT", "4600")
    assert port_from_environment() == 4600
    monkeypatch.setenv("TAILOR_PORT", "many")
    with pytest.raises(LocalCloudError, match="TAILOR_PORT is 'many'"):
        port_from_environment()


def test_the_pace_is_one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILOR_PACE", "2")
    assert timelapse.seconds(3) == 6
    monkeypatch.setenv("TAILOR_PACE", "fast")
    with pytest.raises(LocalCloudError, match="TAILOR_PACE is 'fast'"):
        timelapse.pace()
