"""Services that several steps share."""

from dataclasses import dataclass

from tailor.runs import RunStore
from tailor.serving.aliases import AliasStore
from tailor.steps.control import Control
from tailor.steps.trainers import AdoptedTrainer, BedrockTrainer, Trainer, Trainers


@dataclass(frozen=True, slots=True)
class RunServices:
    """Stores of runs and names, and the control plane: what is needed to deploy, promote, retire and steer runs.

    ``sagemaker``: the second trainer, where the stack has it enabled; ``region`` is the stack's, if known.
    """

    runs: RunStore
    control: Control
    aliases: AliasStore
    sagemaker: Trainer | None = None
    region: str = ""

    @property
    def trainers(self) -> Trainers:
        return Trainers(BedrockTrainer(self.control), self.sagemaker, self.region, AdoptedTrainer(self.control))
