"""Texts of stalls: what makes no progress, and what to do."""

from tailor.runs import Run

ENDLESS = frozenset({"stopping", "deploying"})  # what is stuck there could not be ended by Tailor


def stall_title(phase: str, *, stuck: bool) -> str:
    if phase == "room":
        return "no quota is left for the deployment"
    if phase == "model":
        return "the custom model is not active yet"
    if phase == "budget":
        return "the monthly budget is used up"
    if phase == "idle":
        return "nobody calls the live version"
    what = "the deployment" if phase == "deploying" else "the training job"
    return f"{what} {'is stuck' if stuck else 'makes no progress'}"


def _after_model(run: Run) -> str:
    waits = "The run keeps waiting, as the recipe says."
    if run.recipe.patience.stop:
        waits = (
            f"If this does not change, the run ends as deploy-failed; tailor retry {run.id} then continues at no cost."
        )
    return f"{waits} Look at the model in the Bedrock console. tailor retire {run.id} ends the run now."


def after_stall(run: Run, phase: str) -> str:
    """Return the next step: what happens automatically, or what a person can do."""
    by_itself = "is stopped automatically" if phase != "deploying" else "is deleted automatically, if Bedrock allows it"
    ends_it = f"tailor {'retire' if phase == 'deploying' else 'stop'} {run.id} ends it"
    if phase == "room":
        return (
            "The run waits. Take down a version that nobody needs (tailor retire RUN), or ask AWS for a higher quota."
        )
    if phase == "idle":
        return "A call keeps it. Once its model units are deleted, the next call restores them, in some minutes."
    if phase == "model":
        return _after_model(run)
    if phase == "budget":
        return (
            "The run keeps its place, and trains next month or once the operator raises the limit (parameters "
            f"ProjectMonthlyLimit and StackMonthlyLimit). tailor stop {run.id} ends it."
        )
    if phase == "stopping" or (run.stall and run.stall.level == "stuck" and run.recipe.patience.stop):
        return "Only AWS can end it: open a support case with the ARN. The run ends when it does."
    if run.recipe.patience.stop:
        return f"If this does not change, it {by_itself}. {ends_it} now."
    return f"It is not ended automatically, as the recipe says. {ends_it}."
