"""Token estimates of a row: a range, because the models' tokenizers are not published."""

from dataclasses import dataclass

from tailor.catalog import Tokens


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens: fewest, likely, most."""

    low: int
    expected: int
    high: int


class Estimator:
    def __init__(self, facts: Tokens) -> None:
        self._facts = facts

    def text(self, characters: int) -> Estimate:
        facts = self._facts
        return Estimate(
            int(characters / facts.characters_low),
            int(characters / facts.characters_expected),
            int(characters / facts.characters_high) + 1,
        )

    def image(self, width: int, height: int) -> Estimate:
        facts, pixels = self._facts, width * height
        if not facts.pixels_low or not facts.pixels_high:
            return Estimate(0, 0, 0)
        most = facts.image_most or pixels
        low, high = (
            min(most, max(facts.image_least, int(pixels / each))) for each in (facts.pixels_low, facts.pixels_high)
        )
        return Estimate(low, (low + high) // 2, high)

    def video(self, seconds: float | None) -> Estimate:
        count = int((seconds or 0) * (self._facts.video_second or 0))
        return Estimate(count, count, count)
