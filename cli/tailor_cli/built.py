"""The output of `sam build`: its processor architecture, and each function's size with its layers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from tailor.errors import InvalidInputError
from tailor.verify.checkout import read_template

MOST_BYTES: Final = 262_144_000
"""Lambda's limit for a function with its layers, unzipped: 250 MB."""
ROOM: Final = 0.85
"""Share of the limit that may be used: packages grow with each version."""
_MACHINES: Final = {0x3E: "x86_64", 0xB7: "arm64"}  # e_machine of an ELF header, at byte 18
_GLOBAL: Final = ("Globals", "Function", "Layers")


@dataclass(frozen=True)
class Build:
    """The folder that `sam build` wrote."""

    folder: Path

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """Return the built template. Raises InvalidInputError if nothing is built."""
        file = self.folder / "template.yaml"
        if not file.is_file():
            raise InvalidInputError(f"nothing is built in {self.folder}", hint="run: sam build")
        return read_template(file)

    def sizes(self) -> dict[str, int]:
        """Return the unzipped bytes of each function with all of its layers, by logical id."""
        shared = self.template
        for key in _GLOBAL:
            shared = shared.get(key, {})
        parts = {}
        for name, resource in self.template["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                layers = [*shared, *resource["Properties"].get("Layers", [])]
                parts[name] = {name, *(layer["Ref"] for layer in layers)}
        sizes = {part: _bytes(self.folder / part) for part in set[str]().union(*parts.values())}
        return {name: sum(sizes[part] for part in of_function) for name, of_function in parts.items()}

    def processors(self) -> list[str]:
        """Return the processor architectures of its machine code, in alphabetical order."""
        return sorted({built_for for _, built_for in _machine_code(self.folder)})

    def check(self, architecture: str) -> None:
        """Compare what was built with what will be deployed.

        Raises:
            InvalidInputError: a file is built for another processor than ``architecture``, or a function with its
                layers is too large.
        """
        for file, built_for in _machine_code(self.folder):
            if built_for != architecture:
                raise InvalidInputError(
                    f"{file.relative_to(self.folder)} is built for {built_for}, but the functions run on "
                    f"{architecture}",
                    hint=f"build and deploy for one processor: make deploy ARCH={architecture}",
                )
        for function, size in self.sizes().items():
            if size > MOST_BYTES * ROOM:
                raise InvalidInputError(
                    f"{function} has {size / 2**20:.0f} MiB with its layers; the maximum is "
                    f"{MOST_BYTES * ROOM / 2**20:.0f} ({ROOM:.0%} of Lambda's limit)",
                    hint="leave out more of its packages: layers/*/leave-out.txt",
                )


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in _files(folder))


def _machine_code(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file of machine code with its processor architecture."""
    for file in sorted(file for file in _files(folder) if ".so" in file.name and ".so" in file.suffixes):
        with file.open("rb") as opened:
            number = int.from_bytes(opened.read(20)[18:], "little")
        yield file, _MACHINES.get(number, f"another processor (ELF machine {number:#x})")


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder; none where it is missing."""
    for inside, _, names in folder.walk():
        yield from (file for name in names if (file := inside / name).is_file())
