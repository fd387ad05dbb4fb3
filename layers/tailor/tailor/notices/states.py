"""States of a run in words, as the console has them."""

from collections.abc import Mapping

from tailor.runs import State

STATES: Mapping[State, str] = {
    State.RECEIVED: "received",
    State.PREPARING: "checking data",
    State.PREPARED: "data ready",
    State.REJECTED: "data rejected",
    State.AWAITING_APPROVAL: "awaits approval",
    State.APPROVED: "approved",
    State.DECLINED: "declined",
    State.TRAINING: "training",
    State.TRAINED: "trained",
    State.TRAINING_FAILED: "training failed",
    State.STOPPED: "stopped",
    State.SUPERSEDED: "superseded",
    State.DEPLOYING: "deploying",
    State.DEPLOYED: "deployed",
    State.DEPLOY_FAILED: "deployment failed",
    State.EVALUATING: "measuring",
    State.PASSED: "passed",
    State.FAILED: "not better",
    State.INCONCLUSIVE: "undecided",
    State.EVALUATION_FAILED: "measuring failed",
    State.LIVE: "live",
    State.STANDBY: "on standby",
    State.RETIRED: "retired",
    State.RESTORING: "coming back",
}


def state_in_words(state: State) -> str:
    """Return for example ``awaits approval``."""
    return STATES[state]
