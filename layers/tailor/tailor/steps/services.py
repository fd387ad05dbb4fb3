"""Services that steps share: what a run is deployed, promoted, taken down and steered with."""

from dataclasses import dataclass

from tailor.runs import RunStore
from tailor.serving.aliases import AliasStore
from tailor.steps.control import Control


@dataclass(frozen=True, slots=True)
class RunServices:
    """The runs, the control plane of their jobs and deployments, and the names that lead to them."""

    runs: RunStore
    control: Control
    aliases: AliasStore
