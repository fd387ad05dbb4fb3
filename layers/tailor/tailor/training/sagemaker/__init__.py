"""A training job of SageMaker AI for Nova: its request with AWS's recipe, and what its answers mean.

- :mod:`~tailor.training.sagemaker.facts`: what the catalogue knows of it.
- :mod:`~tailor.training.sagemaker.request`: CreateTrainingJob's request and the recipe's file.
- :mod:`~tailor.training.sagemaker.job`: DescribeTrainingJob's answer as a customization job's, and the checkpoint that
  a job left.
"""

from tailor.training.sagemaker.job import as_job, checkpoint_in
from tailor.training.sagemaker.request import RECIPE_FILE, build_request, output_of, recipe_file

__all__ = ["RECIPE_FILE", "as_job", "build_request", "checkpoint_in", "output_of", "recipe_file"]
