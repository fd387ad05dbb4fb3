"""Installs a layer's packages for one of Lambda's processors, and leaves out what no function of ours uses.

`sam build` calls it through layers/Makefile. It installs wheels alone, so that any machine builds for either processor.
After a change here: `sam build --no-cached`, because SAM looks at a layer's own folder alone.
"""

import argparse
import compileall
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
SYSTEM = "manylinux_2_34"  # the C library of Lambda's Amazon Linux 2023: it loads wheels for this version or older
# Of any package: its tests, the sources and headers of its extensions, type stubs, command-line scripts.
UNUSED = (
    "**/tests",
    "**/test",
    "**/__pycache__",
    "bin",
    ".lock",  # uv's
    *(f"**/*.{end}" for end in ("a", "c", "cpp", "h", "hpp", "pxd", "pxi", "pyi", "pyx")),
)
FUNCTIONS = (3, 13)  # the functions' Python
LISTED = "leave-out.txt"  # in a layer's folder: what else it leaves out, a pattern a line


def install(requirements: Path, architecture: str, target: Path) -> None:
    """Install locked packages into ``target``. Raises CalledProcessError after uv has said why.

    Files are copied, never linked: what is done to a layer must not reach uv's cache.
    """
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--link-mode=copy", "--system-certs"]
    command += [f"--python={sys.executable}", "--python-version=3.13"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:"]
    command += [f"--python-platform={MACHINES[architecture]}-{SYSTEM}"]
    subprocess.run([*command, f"--target={target}", f"--requirement={requirements}"], check=True)  # noqa: S603


def leave_out(folder: Path, patterns: Iterator[str]) -> None:
    """Remove what the patterns name. Raises ValueError for one that names nothing: a file may have another name now."""
    for pattern in patterns:
        found = list(folder.glob(pattern))
        if not found and pattern not in UNUSED:
            raise ValueError(f"{LISTED}: nothing is called {pattern}: correct the pattern, or remove it")
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)  # it went with its folder


def compile_sources(folder: Path) -> None:
    """Add byte code, which a function can't keep itself: each cold start would compile all that it imports.

    Python trusts it without a look at the source, whose time of change a layer does not keep. It lies where the
    functions look for it, whatever this shell sets. Raises ValueError for a Python of another version than theirs.
    """
    if sys.version_info[:2] != FUNCTIONS:
        raise ValueError(f"byte code for Python {FUNCTIONS[0]}.{FUNCTIONS[1]} needs that version")
    sys.pycache_prefix = None  # PYTHONPYCACHEPREFIX would put it elsewhere
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        folder, quiet=1, optimize=0, invalidation_mode=unchecked, stripdir=folder, prependdir="/opt/python"
    )


def listed(file: Path) -> Iterator[str]:
    """Yield the patterns of a list: a line each, without what follows a #."""
    for line in file.read_text().splitlines() if file.is_file() else ():
        if pattern := line.partition("#")[0].strip():
            yield pattern


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layer", type=Path, help="folder with requirements.txt")
    parser.add_argument("target", type=Path, help="folder that becomes the layer")
    parser.add_argument("--arch", choices=MACHINES, default="arm64", help="processor of the functions")
    parser.add_argument("--own", action="store_true", help="the layer's own packages are its content; install nothing")
    chosen = parser.parse_args()
    packages = chosen.target / "python"
    try:
        if chosen.own:
            shutil.copytree(chosen.layer, packages, ignore=shutil.ignore_patterns("__pycache__", "requirements.txt"))
        else:
            install(chosen.layer / "requirements.txt", chosen.arch, packages)
            leave_out(packages, iter((*listed(chosen.layer / LISTED), *UNUSED)))
        compile_sources(packages)
    except (subprocess.CalledProcessError, ValueError) as error:
        sys.exit(f"The layer {chosen.layer.resolve().name} could not be built for {chosen.arch}: {error}")


if __name__ == "__main__":
    main()
