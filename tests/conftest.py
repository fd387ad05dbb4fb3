"""What all tests share: what property tests try, and how many combinations the chaos tests ran, on all workers.

Properties are tried with the same inputs each time, so that a red run says something about a change and not about
chance or the machine. To look for inputs nobody thought of: ``pytest --hypothesis-profile search tests/unit``.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

RAN = "combinations of "
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


# What needs no deployed Tailor, and the longest of what does; together they take about as long as all others.
BARE = "bedrock_", "deploy_command", "layers", "local_cloud", "second_emulator", "strictness"
MAIN_JOB = "main_job"


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give integration tests to three workers: two with a deployed Tailor, one for tests that need none.

    Each of the three has a local cloud; they mostly wait, which other tests fill. pytest-xdist 3.8 notes groups where
    pytest 9.2 no longer reads them: its own ``--dist loadgroup`` groups nothing.
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class FewClouds(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            folder, _, name = nodeid.partition("tests/integration/test_")
            if folder or not name:
                return nodeid
            if name.startswith(BARE):
                return "bare cloud"
            return "main job" if name.startswith(MAIN_JOB) else "deployed cloud"

    return FewClouds(config, log)
