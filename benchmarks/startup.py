"""Measure what a person or a caller waits for before any work. Run: python -m benchmarks.startup [--rounds 5]

Prints processor time, the median of several processes with byte code at hand: of commands, and of importing each Lambda
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
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
MOST_SHOWN = 5
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
        cache = str(Path(folder) / "cache")
        data = Path(folder) / "data"
        data.mkdir()
        rows = "".join(f"Màu của vật số {number} là gì?,màu số {number}\n" for number in range(40))
        (data / "rows.csv").write_text(f"question,answer\n{rows}", "utf-8")
        print(f"{'command':16}{'seconds':>8}")
        for words in (["--version"], ["--help"], ["recipe"], ["check", str(data), "--model", "nova-lite"]):
            command = [sys.executable, "-c", "from tailor_cli.main import app; app()", *words]
            print(f"tailor {words[0]:9}{_seconds(command, cache, rounds):>8.2f}")
        print(f"\n{'function':16}{'seconds':>8}{'compiling':>11}{'modules':>9}{'ours':>6}  heaviest packages, ms")
        for name in FUNCTIONS:
            start = f"import functions.{name}.app"
            spent = _seconds([sys.executable, "-c", start], cache, rounds)
            compiling = float(_run([sys.executable, "-c", f"{start}\n{COMPILE}"], cache))
            modules, ours, heaviest = _imports([sys.executable, "-c", start], cache)
            print(f"{name:16}{spent:>8.2f}{compiling:>11.2f}{modules:>9}{ours:>6}  {heaviest}")


def _seconds(command: Sequence[str], cache: str, rounds: int) -> float:
    """Return the median processor time of a command, in seconds."""
    _run(command, cache)  # fills the cache of byte code
    spent = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(command, cache)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(spent)


def _imports(command: Sequence[str], cache: str) -> tuple[int, int, str]:
    """Return how many modules are imported, how many of them are Tailor's, and the packages that take longest."""
    packages: dict[str, int] = defaultdict(int)
    names = set()
    for microseconds, name in IMPORTED.findall(_run([command[0], "-X", "importtime", *command[1:]], cache)):
        names.add(name)
        packages[name.partition(".")[0]] += int(microseconds)
    heaviest = sorted(packages.items(), key=lambda item: -item[1])[:MOST_SHOWN]
    shown = ", ".join(f"{name} {microseconds / 1000:.0f}" for name, microseconds in heaviest)
    return len(names), sum(name.startswith("tailor") for name in names), shown


def _run(command: Sequence[str], cache: str) -> str:
    """Return what a command writes. Every function can be imported: its variables have a value, if not a true one."""
    variables = re.findall(r"^ +([A-Z][A-Z_]+):? ", (ROOT / "template.yaml").read_text("utf-8"), re.MULTILINE)
    paths = os.pathsep.join(str(ROOT / folder) for folder in (".", "layers/tailor", "cli"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS"))}
    environment |= dict.fromkeys(variables, "1") | {
        "AWS_DEFAULT_REGION": "us-east-1",
        "PRICES": "{}",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    environment |= {"PYTHONPATH": paths, "PYTHONPYCACHEPREFIX": cache, "POWERTOOLS_TRACE_DISABLED": "1"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stderr


if __name__ == "__main__":
    main()
