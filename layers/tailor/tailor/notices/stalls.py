"""Texts of stalls: what does not progress, and what to do."""

from tailor.runs import Run

ENDLESS = frozenset({"stopping", "deploying"})  # what is stuck there could not be ended by us


def stall_title(phase: str, *, stuck: bool) -> str:
    if phase == "room":
        return "there is no room for the deployment"
    if phase == "model":
        return "the custom model is not active yet"
    if phase == "budget":
        return "the month's budget is used up"
    if phase == "idle":
        return "nobody calls the live version"
    what = "the deployment" if phase == "deploying" else "the training job"
    return f"{what} {'is stuck' if stuck else 'does not move'}"


def _after_model(run: Run) -> str:
    waits = "The run waits for it: the recipe says so."
    if run.recipe.patience.stop:
        waits = f"If it stays so, the run ends as deploy-failed; tailor retry {run.id} takes it up again for free."
    return f"{waits} Look at the model in the Bedrock console. tailor retire {run.id} ends the run now."


def after_stall(run: Run, phase: str) -> str:
    """Return the next step: what happens by itself, or what a person can do."""
    by_itself = "is stopped by itself" if phase != "deploying" else "is taken down by itself, if Bedrock lets it go"
    ends_it = f"tailor {'retire' if phase == 'deploying' else 'stop'} {run.id} ends it"
    if phase == "room":
        return (
            "The run waits for it. Take down a version that nobody needs (tailor retire RUN does), or ask AWS for more."
        )
    if phase == "idle":
        return "A call keeps it. Once they are deleted, the next call has them made again, which takes some minutes."
    if phase == "model":
        return _after_model(run)
    if phase == "budget":
        return (
            "The run keeps its place, and trains next month or once the operator raises the limit (parameters "
            f"ProjectMonthlyLimit and StackMonthlyLimit). tailor stop {run.id} ends it."
        )
    if phase == "stopping" or (run.stall and run.stall.level == "stuck" and run.recipe.patience.stop):
        return "Only AWS can end it: open a support case with the ARN. The run ends with it."
    if run.recipe.patience.stop:
        return f"If it stays so, it {by_itself}. {ends_it} now."
    return f"It is not ended by itself: the recipe says so. {ends_it}."
