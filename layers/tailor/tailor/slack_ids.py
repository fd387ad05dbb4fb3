"""Check ids for mentions in Slack: one member or one user group.

A name has no effect in a message that a program sends, and a failed run must not alert a whole channel or everybody.
Formats: docs.slack.dev/messaging/formatting-message-text.
"""

import re

_MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP = re.compile(r"S[A-Z0-9]{2,20}")


def markup(id: str | None) -> str:
    """Return a mention in Slack's markup, followed by a space; empty if the id is not valid."""
    if id and _MEMBER.fullmatch(id):
        return f"<@{id}> "
    if id and _GROUP.fullmatch(id):
        return f"<!subteam^{id}> "
    return ""


def fix(id: str) -> str:
    """Return what to write instead of an invalid id; empty for a valid one."""
    if markup(id):
        return ""
    inner = re.sub(r"[^A-Z0-9]", " ", id.upper()).split()
    near = next((word for word in reversed(inner) if len(word) > 8 and markup(word) and re.search(r"\d", word)), None)
    if near:
        return f"did you mean {near!r}?"
    return (
        "write an id: a member's is under 'Copy member ID' in the profile, a group's in its address. Names, e-mail "
        "addresses and channels can't be mentioned"
    )
