"""Measure what a person or a caller waits for before any work. Run: python -m benchmarks.startup [--rounds 5]

Prints processor time, the median of several processes with byte code cached: of commands, and of importing each Lambda
function, which is what a cold start does besides starting Python; with the number of modules and the heaviest packages.
``compiling`` is what Python would need to compile those modules that are not its own: an installed program does it
once, a layer that holds sources alone at each cold start.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
MOST_SHOWN = 5
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "POWERTOOLS_TRACE_DISABLED": "1",
}
"""Variables that Lambda sets; without them, functions that sign their own requests use botocore."""
COMPILE = """
import sys, sysconfig, time
own = sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")
files = [module.__file__ or "" for module in list(sys.modules.values()) if getattr(module, "__file__", None)]
sources = [open(file, "rb").read() for file in files if file.endswith(".py")
           and (file.startswith(own[1]) or not file.startswith(own[0]))]
start = time.process_time()
for source in sources:
    compile(source, "", "exec", dont_inherit=True)
print(time.process_time() - start, file=sys.stderr)
"""
IMPORTED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        bytecode = str(Path(folder) / "bytecode")
        data = Path(folder) / "data"
        data.mkdir()
        rows = "".join(f"Màu của vật số {number} là gì?,màu số {number}\n" for number in range(40))
        (data / "rows.csv").write_text(f"question,answer\n{rows}", "utf-8")
        print(f"{'command':16}{'seconds':>8}")
        for words in (["--version"], ["--help"], ["recipe"], ["check", str(data), "--model", "nova-lite"]):
            command = [sys.executable, "-c", "from tailor_cli.main import app; app()", *words]
            print(f"tailor {words[0]:9}{_seconds(command, bytecode, rounds):>8.2f}")
        print(f"\n{'function':16}{'seconds':>8}{'compiling':>11}{'modules':>9}{'ours':>6}  heaviest packages, ms")
        for name in FUNCTIONS:
            start = f"import functions.{name}.app"
            spent = _seconds([sys.executable, "-c", start], bytecode, rounds)
            compiling = float(_run([sys.executable, "-c", f"{start}\n{COMPILE}"], bytecode))
            modules, ours, heaviest = _imports([sys.executable, "-c", start], bytecode)
            print(f"{name:16}{spent:>8.2f}{compiling:>11.2f}{modules:>9}{ours:>6}  {heaviest}")


def _seconds(command: Sequence[str], bytecode: str, rounds: int) -> float:
    """Return the median processor time of a command, in seconds."""
    _run(command, bytecode)  # fills the cache of byte code
    spent = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(command, bytecode)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(spent)


def _imports(command: Sequence[str], bytecode: str) -> tuple[int, int, str]:
    """Return how many modules are imported, how many of them are Tailor's, and the packages that take longest."""
    packages: dict[str, int] = defaultdict(int)
    names = set()
    for microseconds, name in IMPORTED.findall(_run([command[0], "-X", "importtime", *command[1:]], bytecode)):
        names.add(name)
        packages[name.partition(".")[0]] += int(microseconds)
    heaviest = sorted(packages.items(), key=lambda item: -item[1])[:MOST_SHOWN]
    shown = ", ".join(f"{name} {microseconds / 1000:.0f}" for name, microseconds in heaviest)
    return len(names), sum(name.startswith("tailor") for name in names), shown


def _run(command: Sequence[str], bytecode: str) -> str:
    """Return what a command writes to stderr, in an environment with which every function can be imported."""
    paths = os.pathsep.join(str(ROOT / folder) for folder in (".", "layers/tailor", "cli"))
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS"))}
    python = {"PYTHONPATH": paths, "PYTHONPYCACHEPREFIX": bytecode}
    environment = own | _variables() | LAMBDA | python
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stderr


@cache
def _variables() -> dict[str, str]:
    """Return the variables of all functions: the template's values, defaults of parameters, or ``1``."""
    template: Any = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
    functions = [template["Globals"]["Function"], *(each["Properties"] for each in template["Resources"].values())]
    given = [each["Environment"]["Variables"] for each in functions if "Variables" in each.get("Environment", {})]
    return {name: _value(value, template["Parameters"]) for each in given for name, value in each.items()}


def _value(value: Any, parameters: dict[str, Any]) -> str:
    if isinstance(value, dict):
        return str(parameters.get(value.get("Ref", ""), {}).get("Default", "")) or "1"
    return str(value)


if __name__ == "__main__":
    main()
