"""Puts a copy of what the local cloud deploys into the wheel."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers", "statemachines")
ROOT = Path(__file__).resolve().parent.parent


class BuildWithSources(build_py):
    """Builds the package as always and, unless it is installed in place, adds the sources."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "tailor_local" / "sources"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in SOURCES:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                shutil.copy2(source, target / name)


setup(cmdclass={"build_py": BuildWithSources})
