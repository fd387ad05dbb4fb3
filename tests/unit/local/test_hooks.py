"""The emulator still has everything inside that the hooks rely on."""

import pytest

from tailor_local import hooks


def test_the_installed_emulator_fits() -> None:
    problems = hooks.missing()
    assert not problems, (
        "This version of ministack moved what tailor_local/hooks/ relies on. Adapt that package, or go back to the "
        "version in requirements/dev.txt:\n" + "\n".join(problems)
    )


def test_what_a_new_version_moves_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("ministack.services.eventbridge._put_events")
    monkeypatch.setattr("ministack.services.sts.register_session", lambda key: None)
    assert hooks.missing() == [
        "ministack.services.eventbridge._put_events is gone",
        "ministack.services.sts.register_session no longer takes access_key, session",
    ]
