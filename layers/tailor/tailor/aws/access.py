"""Permissions and bucket settings, for preflight and ``tailor doctor``."""

import json
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from tailor.aws.clients import client
from tailor.aws.failures import code_of, translated

_NO_ENCRYPTION_RULE = "ServerSideEncryptionConfigurationNotFoundError"
_FIRST_REGION = "us-east-1"  # which S3 calls nothing at all

_BEDROCK = "bedrock.amazonaws.com"


class AwsAccess:
    """Reads IAM and S3. Raises tailor.errors; NotAllowedError without iam:SimulatePrincipalPolicy."""

    def trust(self, role_arn: str) -> dict[str, Any]:
        """Return the role's trust policy."""
        with translated(f"reading the role {role_arn}"):
            document = client("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]["AssumeRolePolicyDocument"]
        found: dict[str, Any] = document if isinstance(document, dict) else json.loads(unquote(document))
        return found

    def denied(self, principal_arn: str, action: str, resource: str, passed_to: str = _BEDROCK) -> bool:
        """Return whether the principal's policies deny the action on the resource, for iam:PassRole to this service."""
        passed = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string"}
        with translated(f"asking whether {principal_arn} may do {action}"):
            answer = client("iam").simulate_principal_policy(
                PolicySourceArn=principal_arn,
                ActionNames=[action],
                ResourceArns=[resource],
                ContextEntries=[{**passed, "ContextKeyValues": [passed_to]}],
            )
        return any(result["EvalDecision"] != "allowed" for result in answer["EvaluationResults"])

    def bucket_region(self, bucket: str) -> str:
        """Return the bucket's Region."""
        with translated(f"asking for the Region of the bucket {bucket}"):
            return client("s3").get_bucket_location(Bucket=bucket).get("LocationConstraint") or _FIRST_REGION

    def bucket_key(self, bucket: str) -> str | None:
        """Return the ARN of the bucket's own encryption key, or None."""
        with translated(f"asking for the encryption of the bucket {bucket}"):
            try:
                answer = client("s3").get_bucket_encryption(Bucket=bucket)
            except ClientError as error:
                if code_of(error) == _NO_ENCRYPTION_RULE:
                    return None
                raise
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        keys = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for rule in rules]
        return next((key for key in keys if key), None)


def region() -> str:
    """Return the configured Region. Raises InvalidInputError if there is none."""
    return str(client("bedrock").meta.region_name)
