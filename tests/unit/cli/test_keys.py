"""`tailor keys` at a terminal of 80 columns."""

from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from tailor.serving.keys import ApiKey, RateLimits
from tailor_cli import keys
from tailor_cli.context import Session
from tests.unit.steps.fakes import NOW


def test_an_id_can_be_copied_from_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    key = ApiKey(
        digest="0123456789abcdef" * 4,
        name="the shop's assistant for returns",
        projects=("colours", "returns-and-complaints"),
        scopes=("chat", "approve"),
        created_at=NOW,
        created_by="person:somebody",
        expires_at=NOW + timedelta(days=1),
        limits=RateLimits(requests_per_minute=600, tokens_per_day=1_000_000),
    )
    monkeypatch.setattr(Session, "serving", SimpleNamespace(all_keys=lambda: [key], usage=lambda *_: []))
    terminal = StringIO()
    monkeypatch.setattr(keys, "out", Console(file=terminal, width=80))
    keys.list_keys()
    shown = terminal.getvalue()
    assert any(line.split()[0] == key.id for line in shown.splitlines()[1:])
    assert "2026-11-23" in shown
    assert "…" not in shown
