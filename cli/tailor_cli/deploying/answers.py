"""A person's answers, kept in a file beside the template that Git ignores: one table for each stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tailor.errors import InvalidInputError

FILE: Final = Path("deploy.toml")
_HEAD: Final = "Your answers to `make deploy`. Git ignores this file. Change a value here and run `make deploy` again."


@dataclass(frozen=True, slots=True)
class Answers:
    """The account, Region, architecture and parameters of a stack; empty if they were not asked for yet."""

    account: str = ""
    region: str = ""
    architecture: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_answers(file: Path, stack: str) -> Answers:
    """Return the remembered answers of a stack. Raises InvalidInputError if the file can't be read."""
    table = _document(file).unwrap().get(stack, {})
    places = {name: str(table.get(name, "")) for name in ("account", "region", "architecture")}
    return Answers(**places, parameters={name: str(value) for name, value in table.get("parameters", {}).items()})


def write_answers(file: Path, stack: str, answers: Answers) -> None:
    """Write a stack's answers to the file; other stacks and a person's comments are kept."""
    document = _document(file)
    if not file.is_file():
        document.add(tomlkit.comment(_HEAD))
    table = document.setdefault(stack, tomlkit.table())
    for name in ("account", "region", "architecture"):
        table[name] = getattr(answers, name)
    kept = table.setdefault("parameters", tomlkit.table())
    kept.update(answers.parameters)
    file.write_text(tomlkit.dumps(document), encoding="utf-8")


def _document(file: Path) -> tomlkit.TOMLDocument:
    if not file.is_file():
        return tomlkit.document()
    try:
        return tomlkit.parse(file.read_text(encoding="utf-8"))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{file} can't be read: {error}", hint="correct it, or remove it to be asked"
        ) from error
