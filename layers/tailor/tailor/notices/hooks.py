"""Parse the webhooks secret, which adds channels to SNS. Its values are never logged."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    HttpUrl,
    Tag,
    ValidationError,
    ValidationInfo,
)

from tailor.settings import SettingsError


def _safe(url: HttpUrl, info: ValidationInfo) -> HttpUrl:
    if url.scheme != "https" and not (info.context or {}).get("allow_insecure"):
        raise ValueError("only https")
    return url


Url = Annotated[HttpUrl, AfterValidator(_safe)]


class Webhook(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Url
    secret: str = Field(min_length=16, description="shared with the receiver, who checks signatures with it")


Member = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,20}$")]
Deciders = Literal["channel"] | tuple[Member, ...]
"""Members who may press a button: everybody in the channel, or those with these ids."""


class SlackApp(BaseModel):
    """A Slack app with a bot token: one thread for each run, and buttons for those who may press them.

    ``approve`` and ``operate`` are the scopes of API keys: to approve or decline a cost; to stop and to promote.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str = Field(pattern=r"^xoxb-[A-Za-z0-9-]{8,}$")
    channel: str = Field(pattern=r"^[CG][A-Z0-9]{2,20}$", description="id of the channel, not its name")
    signing_secret: str = Field(default="", pattern=r"^$|^\S{16,}$", description="by which clicks are known as Slack's")
    approve: Deciders = ()
    operate: Deciders = ()

    def may(self, scope: Literal["approve", "operate"], user: str, *, home: bool) -> bool:
        """Return whether a member may press buttons of a scope. ``home``: a member of the app's own workspace."""
        allowed: Deciders = getattr(self, scope)
        return home if allowed == "channel" else user in allowed

    def offers(self, scope: Literal["approve", "operate"]) -> bool:
        """Return whether messages have buttons of a scope."""
        return bool(self.signing_secret) and bool(getattr(self, scope))


def _form(value: Any) -> str:
    return "app" if isinstance(value, dict | SlackApp) else "webhook"


class Hooks(BaseModel):
    """The webhooks of one team."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slack: Annotated[Annotated[Url, Tag("webhook")] | Annotated[SlackApp, Tag("app")], Discriminator(_form)] | None = (
        None
    )
    teams: Url | None = None
    webhook: Webhook | None = None


class Webhooks(Hooks):
    """Content of the secret: hooks for all projects, and those of single projects, which replace them."""

    projects: dict[str, Hooks] = {}

    @classmethod
    def parse(cls, text: str, *, allow_insecure: bool = False) -> "Webhooks":
        """Parse the secret; empty text means no hooks. Refuses http unless ``allow_insecure``.

        Raises:
            SettingsError: names the wrong fields, without their values.
        """
        if not text.strip():
            return cls()
        try:
            return cls.model_validate_json(text, context={"allow_insecure": allow_insecure})
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, detail['loc'])) or 'the whole'}: {detail['type']}" for detail in error.errors()
            )
            hint = "docs/notifications.md has examples"
            raise SettingsError(f"the webhooks secret is wrong: {wrong}", hint=hint) from None

    @property
    def slack_apps(self) -> Iterator[SlackApp]:
        """Return the Slack apps of all projects."""
        for hooks in (self, *self.projects.values()):
            if isinstance(hooks.slack, SlackApp):
                yield hooks.slack

    def of(self, project: str) -> Hooks:
        return self.projects.get(project, self)
