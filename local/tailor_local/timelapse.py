"""Set how fast time passes in the local cloud, the only place that makes minutes take seconds.

AWS's waits are written down as they are on AWS, in minutes; `seconds` says how long they last here. The code under
test does not know.
"""

import os

from tailor_local.errors import LocalCloudError

PACE_SETTING = "TAILOR_PACE"
DEFAULT_PACE = 1.2  # seconds that stand for a minute

# What AWS takes, in minutes of the local cloud: enough to be seen, no more.
PHASE_MINUTES = 1.0  # each phase of a customization job
MODEL_MINUTES = 1.0  # a custom model from the end of its job to Active; AWS does not say how long
DEPLOYMENT_MINUTES = 1.5  # a custom model deployment from Creating to Active
DEPLOYMENT_UPDATE_MINUTES = 1.0
PROVISIONING_MINUTES = 1.5
ASYNC_RETRY_MINUTES = 0.25  # before the first retry of an asynchronous invocation (1 minute on AWS)
SCHEDULER_TICKS_A_MINUTE = 4
# A schedule's minute is longer than others: with a few dozen open runs, a round each second takes the function alone a
# tenth of a processor.
SCHEDULED_MINUTE = 2.0


def pace() -> float:
    """Return the seconds that one minute takes here, from TAILOR_PACE.

    Raises LocalCloudError where the setting is not a number of at least 0.
    """
    text = os.environ.get(PACE_SETTING)
    if text is None:
        return DEFAULT_PACE
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 60:
        raise LocalCloudError(
            f"{PACE_SETTING} is {text!r}. It is the number of seconds that stand for a minute: between 0 and 60."
        )
    return value


def seconds(minutes: float) -> float:
    """Return how long AWS's ``minutes`` take here, in seconds."""
    return minutes * pace()
