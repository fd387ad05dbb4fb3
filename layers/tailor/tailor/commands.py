"""Commands within texts.

The library writes ``tailor show RUN`` and does not know how a reader reaches the stack that it speaks of: by another
name, or on the local cloud. Whoever shows a text puts that in, so that it can be copied.
"""

import re

# fmt: off
NAMES = frozenset({
    "recipe", "models", "check", "quote", "grade", "doctor", "verify", "deploy",
    "push", "runs", "show", "watch", "report", "approve", "decline", "stop",
    "evaluate", "judge", "promote", "retry", "rollback", "retire", "offline", "usage", "train-curve", "keys",
})
# fmt: on
DEFAULT_STACK = "tailor"  # the name of the CloudFormation stack
_COMMAND = re.compile(rf"\btailor (?=(?:{'|'.join(sorted(NAMES))})(?![\w-]))")


def addressed(text: str, command: str) -> str:
    """``text`` with each command begun by ``command``, such as ``tailor --local``."""
    return _COMMAND.sub(lambda _: f"{command} ", text)
