"""What tables keep."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Unknown fields are kept out, so that an older function can read what a newer one wrote."""

    model_config = ConfigDict(extra="ignore")
