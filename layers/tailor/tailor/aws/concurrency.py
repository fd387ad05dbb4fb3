"""Read how many functions this account may run at once."""

from tailor.aws.clients import client
from tailor.aws.failures import translated


class LambdaLimits:
    """Implements :class:`tailor.steps.machine.AccountLimits`."""

    def concurrency(self) -> int:
        """Return Lambda's limit of concurrent executions for this account and Region. Raises tailor.errors."""
        with translated("asking for the account's concurrent executions"):
            settings = client("lambda").get_account_settings()
        return int(settings["AccountLimit"]["ConcurrentExecutions"])
