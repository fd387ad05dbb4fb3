"""Every example of docs/data-formats.md is read as the format that its section is about."""

import re
from pathlib import Path

import pytest

from tailor.datasets.formats import FORMATS
from tailor.recipe import Method

from .support import examples, open_dataset

DOC = Path(__file__).parents[4] / "docs" / "data-formats.md"


def documented() -> list[tuple[str, dict[str, bytes | str], Method]]:
    """Format, files and method of each example. What is introduced by "together with" belongs to the one before."""
    found: list[tuple[str, dict[str, bytes | str], Method]] = []
    text = DOC.read_text().partition("\n## Formats\n")[2]
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        name = section.partition("\n")[0].strip()
        examples_of = r"((?:together with )?`[\w.]+`(?:, method `[\w-]+`)?):\n\n```\w+\n(.*?)```"
        for said, content in re.findall(examples_of, section, re.DOTALL):
            file, *method = re.findall(r"`([\w.-]+)`", said)
            if said.startswith("together"):
                found[-1][1][file] = content
            else:
                found.append((name, {file: content}, method[0] if method else "fine-tuning"))
    return found


@pytest.mark.parametrize(("name", "files", "method"), documented())
def test_example(tmp_path: Path, name: str, files: dict[str, bytes | str], method: Method) -> None:
    reader = open_dataset(tmp_path, files, method=method)

    found = examples(reader)

    assert [entry.format for entry in reader.files] == [name] * len(files)
    assert found
    assert not [finding for finding in reader.findings if finding.severity != "info"]


def test_every_format_has_a_section_with_an_example() -> None:
    assert {name for name, *_ in documented()} == {format.name for format in FORMATS}
