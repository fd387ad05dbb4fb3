"""Settings of functions, read from the environment and checked once at cold start."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tailor.errors import TailorError


class SettingsError(TailorError):
    code = "invalid-settings"


class Settings(BaseModel):
    """Base of a function's settings: the field ``runs_table`` is read from ``RUNS_TABLE``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Return the settings. Raises SettingsError that names each missing or wrong variable."""
        source = os.environ if environment is None else environment
        values = {name: source[name.upper()] for name in cls.model_fields if name.upper() in source}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = ", ".join(f"{str(detail['loc'][0]).upper()}: {detail['msg']}" for detail in error.errors())
            hint = "the template sets these variables on the function"
            raise SettingsError(f"wrong environment variables: {wrong}", hint=hint) from error
