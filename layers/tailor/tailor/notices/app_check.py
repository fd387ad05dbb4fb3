"""Check a Slack app's token and scopes with ``auth.test`` before a notice needs them.

The answer's header ``x-oauth-scopes`` lists the scopes (docs.slack.dev/authentication/installing-with-oauth). Whether
the app is in its channel can't be asked without another scope; a notice that is refused says so in the log.
"""

import json

from tailor.errors import RetryableError
from tailor.notices.channels import Post, exchange
from tailor.notices.hooks import SlackApp
from tailor.notices.slack_app import API
from tailor.training.preflight import PreflightCheck

NAME = "slack"
NEEDED = "chat:write"


def check_app(app: SlackApp, post: Post, api: str = API) -> PreflightCheck:
    """Return whether Slack accepts the app's token, and whether the app may post."""
    try:
        answer = exchange(
            "Slack", f"{api}auth.test", b"{}", {"authorization": f"Bearer {app.token}"}, post, lambda _: False
        )
        told = json.loads(answer.body)
    except (RetryableError, ValueError) as error:
        return PreflightCheck(NAME, "unknown", f"Slack could not be asked: {type(error).__name__}", "try again later")
    if told.get("ok") is not True:
        remedy = "install the app again and put its bot token into the secret of the webhooks"
        return PreflightCheck(NAME, "warning", f"Slack refuses the token: {told.get('error', answer.status)}", remedy)
    scopes = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",")}
    if NEEDED not in scopes:
        remedy = f"add the bot scope {NEEDED} to the app and install it again"
        return PreflightCheck(NAME, "warning", f"the app of channel {app.channel} lacks the scope {NEEDED}", remedy)
    wanted = app.approve or app.operate
    if wanted and not app.signing_secret:
        remedy = "add signing_secret to the secret of the webhooks"
        return PreflightCheck(NAME, "warning", "people may press buttons, and there is no signing secret", remedy)
    return PreflightCheck(
        NAME, "ok", f"the app of channel {app.channel} may post in {told.get('team', 'its workspace')}"
    )
