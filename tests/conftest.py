"""What all tests share: the end of a session says how many combinations the chaos tests ran, on all workers."""

from collections import Counter

import pytest

RAN = "combinations of "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran: Counter[str] = Counter()
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, number in report.user_properties:
            if name.startswith(RAN):
                ran[name.removeprefix(RAN)] += int(number)
    if ran:
        kinds = ", ".join(f"{number:,} of {kind}" for kind, number in sorted(ran.items()))
        terminalreporter.write_line(f"chaos: {ran.total():,} combinations ran: {kinds}")
