"""The reward function: Bedrock hands it answers during reinforcement and gets a reward for each."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.rewards import grade

logger = Logger()


@logger.inject_lambda_context
def handler(event: list[dict[str, Any]], context: LambdaContext) -> list[dict[str, Any]]:
    results = grade(event)
    logger.info("graded", samples=len(results))
    return results
