"""Make alarms watch the metric that they name, with its dimensions."""

from types import FunctionType
from typing import Any

from tailor_local.hooks.needed import inside


def watch_own_dimensions() -> None:
    """Let each alarm see the data points of its own dimensions only.

    The emulator adds up all metrics of one name: an error of any function would raise the alarm of every function.
    """
    cloudwatch = inside("services.cloudwatch")
    original: Any = cloudwatch._evaluate_alarm

    def _evaluate_alarm(alarm: dict[str, Any]) -> None:
        wanted = cloudwatch._dims_key({each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []})
        own = {key: points for key, points in cloudwatch._metrics.items() if key[2] == wanted}
        # The emulator's own rule, which reads a module's global, over these data points.
        FunctionType(original.__code__, {**vars(cloudwatch), "_metrics": own})(alarm)

    cloudwatch._evaluate_alarm = _evaluate_alarm
