"""Modules stay short enough to be read at once, as CONTRIBUTING.md asks."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
MOST_LINES = 400
FOLDERS = ("layers/tailor/tailor", "cli/tailor_cli", "local/tailor_local", "functions", "benchmarks", "samples")


def test_no_module_has_more_than_400_lines() -> None:
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text("utf-8").splitlines())
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("*.py")
    }
    assert len(lengths) > 300
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
