"""Every example of docs/data-formats.md is read as the format that its section is about."""

import re
from pathlib import Path

import pytest

from tailor.datasets.formats import FORMATS

from .support import examples, open_dataset

DOC = Path(__file__).parents[4] / "docs" / "data-formats.md"


def documented() -> list[tuple[str, str, str, str]]:
    """Format, file name, method and content of each example."""
    found = []
    text = DOC.read_text().partition("\n## Formats\n")[2]
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        name = section.partition("\n")[0].strip()
        for said, content in re.findall(r"(`[\w.]+`(?:, method `[\w-]+`)?):\n\n```\w+\n(.*?)```", section, re.DOTALL):
            file, *method = re.findall(r"`([\w.-]+)`", said)
            found.append((name, file, method[0] if method else "fine-tuning", content))
    return found


@pytest.mark.parametrize(("name", "file", "method", "content"), documented())
def test_example(tmp_path: Path, name: str, file: str, method: str, content: str) -> None:
    reader = open_dataset(tmp_path, {file: content}, method=method)  # type: ignore[arg-type]

    found = examples(reader)

    assert [entry.format for entry in reader.files] == [name]
    assert found
    assert not [finding for finding in reader.findings if finding.severity != "info"]


def test_every_format_has_a_section_with_an_example() -> None:
    assert {name for name, *_ in documented()} == {format.name for format in FORMATS}
