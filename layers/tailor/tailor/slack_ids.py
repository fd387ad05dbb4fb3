"""Who may be mentioned in Slack: one member or one user group, by id.

A name means nothing in a message that a program sends, and a channel's or everybody's attention is nobody's to take for
a failed run. Forms: docs.slack.dev/messaging/formatting-message-text.
"""

import re

_MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP = re.compile(r"S[A-Z0-9]{2,20}")


def markup(id: str | None) -> str:
    """As Slack reads it, a space behind it; empty for what is no id."""
    if id and _MEMBER.fullmatch(id):
        return f"<@{id}> "
    if id and _GROUP.fullmatch(id):
        return f"<!subteam^{id}> "
    return ""


def fix(id: str) -> str:
    """What to write instead of what is no id; empty for one that is."""
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
