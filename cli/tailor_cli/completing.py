"""Complete names of projects and runs in the shell: fast, and silent without a stack."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import click

FRESH = 60.0  # seconds for which names are not asked for again
_TIMEOUT = "2"  # seconds that a shell waits for AWS


def project_names(context: click.Context, incomplete: str) -> list[str]:
    """Return projects whose names begin with the prefix."""
    return [name for name in _names(context)["projects"] if name.startswith(incomplete)]


def run_names(context: click.Context, incomplete: str) -> list[str]:
    """Return projects and runs whose names begin with the prefix."""
    names = _names(context)
    return [name for name in (*names["projects"], *names["runs"]) if name.startswith(incomplete)]


def _names(context: click.Context) -> dict[str, list[str]]:
    """Return names from the stack, at most a minute old; empty if it can't be asked."""
    options = context.find_root().params
    stack, local = str(options.get("stack") or "tailor"), bool(options.get("local"))
    file = _cache(stack, local=local)
    with suppress(OSError, ValueError):
        if time.time() - file.stat().st_mtime < FRESH:
            return _checked(json.loads(file.read_text("utf-8")))
    with suppress(Exception, SystemExit):  # a shell has no place for an error
        names = _asked(stack, local=local)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(names), "utf-8")
        return names
    return {"projects": [], "runs": []}


def _asked(stack: str, *, local: bool) -> dict[str, list[str]]:
    os.environ.setdefault("AWS_METADATA_SERVICE_TIMEOUT", _TIMEOUT)
    from tailor_cli.context import session
    from tailor_cli.known import projects
    from tailor_cli.main import reach

    reach(stack, local=local)
    found = session.runs.open_runs()
    return {"projects": projects(), "runs": [run.id for run in found]}


def _checked(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return cached names. Raises ValueError for a cache file of another version."""
    if set(found) != {"projects", "runs"}:
        raise ValueError("not names")
    return found


def _cache(stack: str, *, local: bool) -> Path:
    """Return the file that caches a stack's names, one for each stack, account and Region."""
    place = (
        "local"
        if local
        else "-".join(
            os.environ.get(name, "")
            for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID")
        )
    )
    mark = f"{stack}-{place}".encode().hex()[:120]
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "tailor" / f"names-{mark}.json"
