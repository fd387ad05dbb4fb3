"""Decide which run submits its job next if the account limits jobs: fair between projects, oldest first."""

from collections import Counter
from collections.abc import Iterable

from tailor.runs import Run, State

WAITING = frozenset({State.PREPARED, State.APPROVED})


def has_its_turn(run: Run, open_runs: Iterable[Run], room: int) -> bool:
    """Return whether ``run`` is among the first ``room`` of the waiting runs.

    The project with the fewest jobs in training (and before it in the line) goes first; within a project, and between
    equals, the run that has waited longest. Every place in the line counts like a job, so a project with many runs
    does not push the others back.
    """
    known = list(open_runs)
    places = Counter(other.project for other in known if other.state == State.TRAINING)
    order = []
    for other in sorted((other for other in known if other.state in WAITING), key=_since):
        order.append((places[other.project], _since(other), other.id))
        places[other.project] += 1
    first = sorted(order)[: max(room, 0)]
    return run.id in {identifier for *_, identifier in first}


def _since(run: Run) -> str:
    return f"{run.history[-1].at.isoformat()} {run.id}"
