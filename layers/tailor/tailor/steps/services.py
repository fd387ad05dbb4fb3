"""Services that several steps share."""

from dataclasses import dataclass

from tailor.runs import RunStore
from tailor.serving.aliases import AliasStore
from tailor.steps.control import Control


@dataclass(frozen=True, slots=True)
class RunServices:
    """Stores of runs and names, and the control plane: all that deploys, promotes, retires and steers a run."""

    runs: RunStore
    control: Control
    aliases: AliasStore
