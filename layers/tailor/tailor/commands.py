"""Commands within texts.

The library writes ``tailor show RUN`` without knowing how a reader reaches its stack: by another name, or on the local
cloud. The code that shows a text completes its commands, so that they can be copied.
"""

import re

# fmt: off
NAMES = frozenset({
    "recipe", "models", "check", "quote", "grade", "doctor", "verify", "deploy", "destroy",
    "up", "down", "push", "runs", "show", "watch", "report", "approve", "decline", "stop",
    "evaluate", "judge", "labels", "promote", "retry", "adopt", "rollback", "retire", "offline", "restore", "erase",
    "chat", "console", "bill", "usage", "budget", "train-curve", "keys", "policy", "mcp",
})
# fmt: on
DEFAULT_STACK = "tailor"  # the name of the CloudFormation stack
_OF_NO_STACK = frozenset({"up", "down"})  # of the local cloud itself
_COMMAND = re.compile(rf"\btailor (?=(?:{'|'.join(sorted(NAMES - _OF_NO_STACK))})(?![\w-]))")


def addressed(text: str, command: str) -> str:
    """Return ``text`` with each command started by ``command``, for example ``tailor --local``."""
    return _COMMAND.sub(lambda _: f"{command} ", text)
