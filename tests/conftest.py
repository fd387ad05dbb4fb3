"""What all tests share: what property tests try, how many combinations the chaos tests ran, and who runs what.

Properties are tried with the same inputs each time, so that a red run says something about a change and not about
chance or the machine. To look for inputs nobody thought of: ``pytest --hypothesis-profile search tests/unit``.
"""

import gc
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

RAN = "combinations of "
COMPILED_SECONDS = 120.0  # after which a worker waits no longer for another one to compile
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("same"), derandomize=False, max_examples=1000, print_blob=True)
settings.load_profile("same")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran: Counter[str] = Counter()
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, number in report.user_properties:
            if name.startswith(RAN):
                ran[name.removeprefix(RAN)] += int(number)
    if ran:
        kinds = ", ".join(f"{number:,} of {kind}" for kind, number in sorted(ran.items()))
        terminalreporter.write_line(f"chaos: {ran.total():,} combinations ran: {kinds}")


def pytest_configure_node(node: Any) -> None:
    """Tell each worker of a fresh checkout for what to wait before it imports all tests."""
    folder = Path(__file__).parent / "unit"
    if not any(folder.glob("*/__pycache__")):
        node.workerinput["compiled"] = str(Path(tempfile.gettempdir()) / f"tests-{node.workerinput['testrunuid']}")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Have the first worker compile all tests and libraries alone where nothing is compiled yet.

    The others would do the same work at the same time, which is more than half a minute's for each. What is loaded
    here stays: no garbage collection looks for garbage in it, now or during the tests.
    """
    given = getattr(session.config, "workerinput", {})
    first = given.get("workerid") == "gw0"
    note = Path(given["compiled"]) if "compiled" in given else None
    until = time.monotonic() + COMPILED_SECONDS
    while note and not first and not note.exists() and time.monotonic() < until:
        time.sleep(0.1)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        if note and first:
            note.touch()


def pytest_sessionfinish(session: pytest.Session) -> None:
    given = getattr(session.config, "workerinput", {})
    if "compiled" in given:
        Path(given["compiled"]).unlink(missing_ok=True)


# Integration tests by the cloud that they share, which one worker has; the parts take about equally long.
CLOUDS = {
    "bare": ("bedrock_", "deploy_command", "layers", "local_cloud", "second_emulator", "strictness"),
    "main job": ("main_job", "adopting", "methods"),
    "uploads": ("erase", "evaluation_map", "mass_upload", "prepare_map", "streaming", "uploads"),
    "account": ("account", "frozen", "machine_roles", "own_key", "team_policy", "two_stacks", "verify"),
}
# Unit tests of a file share what takes long to make, and so do those of these files: one worker has them.
TOGETHER = "unit/contracts/", "unit/docs/", "unit/management/test_console"
LONG = "unit/chaos/test_chaos.py"  # the longest file: any worker takes the next test of it


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give integration tests to four workers, each with a local cloud on which three of them deploy Tailor.

    They mostly wait, which other tests fill. pytest-xdist 3.8 notes groups where pytest 9.2 no longer reads them: its
    own ``--dist loadgroup`` groups nothing.
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class FewClouds(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            folder, _, name = nodeid.partition("tests/integration/test_")
            own = nodeid.partition("::")[0]
            if folder:
                return nodeid if own.endswith(LONG) else next((part for part in TOGETHER if part in own), own)
            return next((cloud for cloud, names in CLOUDS.items() if name.startswith(names)), own)

    config.option.loadscopereorder = False  # as they are collected: the clouds, which take longest, come first
    return FewClouds(config, log)
