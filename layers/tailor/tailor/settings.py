"""A function's settings come from its environment, are checked once at cold start and named where they are wrong."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tailor.errors import TailorError


class SettingsError(TailorError):
    code = "invalid-settings"


class Settings(BaseModel):
    """Base of each function's settings: the field ``runs_table`` is read from ``RUNS_TABLE``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Raises SettingsError that names each variable that is missing or wrong."""
        source = os.environ if environment is None else environment
        values = {name: source[name.upper()] for name in cls.model_fields if name.upper() in source}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = ", ".join(f"{str(detail['loc'][0]).upper()}: {detail['msg']}" for detail in error.errors())
            hint = "the template sets these variables on the function"
            raise SettingsError(f"wrong environment variables: {wrong}", hint=hint) from error
