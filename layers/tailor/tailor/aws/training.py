"""SageMaker's part in a stack: its second trainer, where that is enabled, and model packages that are adopted."""

from tailor.aws.s3 import S3Storage
from tailor.aws.sagemaker import SageMaker
from tailor.settings import Settings
from tailor.steps.control import Control
from tailor.steps.ownership import Owner
from tailor.steps.trainers import SageMakerTrainer


class TrainingJobSettings(Settings):
    """Roles of SageMaker's training jobs and of Bedrock's import; all empty where the stack has none."""

    bucket: str
    training_jobs: str = ""
    training_role_arn: str = ""
    import_role_arn: str = ""
    kms_key_arn: str = ""


def sagemaker_trainer(control: Control, owner: Owner, settings: TrainingJobSettings) -> SageMakerTrainer | None:
    """Return the trainer, or None where the parameter SageMakerTraining does not say ``enabled``."""
    if settings.training_jobs != "enabled":
        return None
    return SageMakerTrainer(
        SageMaker(),
        control,
        S3Storage(settings.bucket),
        owner,
        role_arn=settings.training_role_arn,
        import_role_arn=settings.import_role_arn,
        kms_key=settings.kms_key_arn,
    )


def package_tags(arn: str) -> dict[str, str]:
    """Return the tags of a model package. Raises NotFoundError."""
    return SageMaker().tags(arn)
