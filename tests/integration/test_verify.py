"""`tailor verify` against the local cloud: all is as assumed, and one assumption broken on purpose is named."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from tailor.verify.record import Record, read
from tailor_cli import verify
from tailor_cli.context import session
from tailor_local.bedrock.faults import Faults, Refusal
from tailor_local.cloud import LocalCloud
from tests.integration.conftest import forget_clients


@pytest.fixture
def verified(
    local_cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, Record]]]:
    """Runs the command; its exit code and what it wrote."""
    for name, value in local_cloud.environment().items():
        monkeypatch.setenv(name, value)
    forget_clients()
    monkeypatch.setattr(session, "local", True)

    def run(*only: str) -> tuple[int, Record]:
        file = tmp_path / "verify-aws.json"
        with pytest.raises(typer.Exit) as ended:
            verify.verify(only=list(only), output=file)
        return ended.value.exit_code, read(file.read_bytes())

    yield run
    forget_clients()


def test_the_local_cloud_is_as_assumed_before_anything_is_deployed(
    local_cloud: LocalCloud, verified: Callable[..., tuple[int, Record]]
) -> None:
    code, record = verified()
    assert [entry.why for entry in record.checks if entry.verdict != "as assumed"] == []
    assert code == 0
    assert record.recorded_against == "the local cloud"
    assert record.left_behind == []
    rules = local_cloud.client("events").list_rules(NamePrefix="tailor-verify-")["Rules"]
    assert rules == []


def test_an_assumption_that_does_not_hold_is_named_by_its_check(
    verified: Callable[..., tuple[int, Record]], faults: Callable[[Faults], None]
) -> None:
    gone = Refusal(operation="GetFoundationModel", code="ResourceNotFoundException", message="There is no such model")
    faults(Faults(refusals=(gone,)))
    code, record = verified("models-lifecycle", "models-customizable")
    assert code == 1
    assert [(entry.id, entry.verdict) for entry in record.checks] == [
        ("models-lifecycle", "different"),
        ("models-customizable", "as assumed"),
    ]
    assert "nova-lite RETIRED" in record.checks[0].why
