"""SageMaker AI's training jobs for Nova, as far as Tailor uses them: with the Bedrock stand-in's state and learners."""

from tailor_local.sagemaker.front import SageMaker

__all__ = ["SageMaker"]
