import pytest

from tailor_local import __main__ as command


def test_an_interrupt_while_it_starts_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(chosen: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_up", interrupted)
    assert command.main(["up"]) == 130
    assert "the local cloud is stopped" in capsys.readouterr().err
