"""Read the webhooks secret, which adds channels beside SNS. Its values are never logged."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, ValidationError, ValidationInfo

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


class Hooks(BaseModel):
    """The webhooks of one team."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slack: Url | None = None
    webhook: Webhook | None = None


class Webhooks(Hooks):
    """The secret's content: hooks for all projects, and projects' own, which replace them."""

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
            hint = 'it holds {"slack": "https://…", "webhook": {"url": "https://…", "secret": "…"}}'
            raise SettingsError(f"the webhooks secret is wrong: {wrong}", hint=hint) from None

    def of(self, project: str) -> Hooks:
        return self.projects.get(project, self)
