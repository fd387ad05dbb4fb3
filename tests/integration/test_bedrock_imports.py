"""The stand-in's CreateCustomModel through real boto3 clients: what it imports, with which role, and what serves it."""

import json
from typing import Any

from tailor_local.bedrock.learner.classifier import Classifier
from tailor_local.cloud import ACCOUNT
from tests.integration.standin import BASE, BUCKET, CONFUSED_DEPUTY, DATA, Bench, allow, as_user, make_role, refused
from tests.waiting import until

ESCROW = f"customer-escrow-{ACCOUNT}-smtj-imports"
READS = allow(["s3:GetObject", "s3:ListBucket"], [f"arn:aws:s3:::{ESCROW}", f"arn:aws:s3:::{ESCROW}/*"])


def checkpoint(bench: Bench, name: str, technique: str = "lora") -> str:
    bench.s3.create_bucket(Bucket=ESCROW)  # in this Region a repeat is no error
    about = json.dumps({"base": BASE, "technique": technique}).encode()
    for file, body in (("checkpoint.json", about), ("weights.npz", Classifier().save())):
        bench.s3.put_object(Bucket=ESCROW, Key=f"{name}/{file}", Body=body)
    return f"s3://{ESCROW}/{name}"


def test_a_model_is_imported_with_its_role_and_deployed(bench: Bench) -> None:
    role = make_role(bench.cloud, "importer", "bedrock.amazonaws.com", [READS])

    def submit(name: str, uri: str, role: str = role, **more: Any) -> str:
        source = {"s3DataSource": {"s3Uri": uri}}
        made = bench.bedrock.create_custom_model(modelName=name, modelSourceConfig=source, roleArn=role, **more)
        return str(made["modelArn"])

    def ended(arn: str) -> dict[str, Any]:
        found = until(
            lambda: bench.bedrock.get_custom_model(modelIdentifier=arn),
            lambda model: model["modelStatus"] != "Creating",
        )
        return dict(found)

    adapter = checkpoint(bench, "adapter")
    arn = submit("imported", adapter, clientRequestToken="once", modelTags=[{"key": "stack", "value": "tailor"}])
    assert submit("imported", adapter, clientRequestToken="once") == arn
    assert refused(lambda: submit("imported", adapter))[0] == "ConflictException"
    model = ended(arn)
    assert (model["modelStatus"], model["customizationType"]) == ("Active", "IMPORTED")
    assert bench.bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "stack", "value": "tailor"}]
    bench.deployed(arn, "imported")

    whole = submit("whole", checkpoint(bench, "whole", "full"))
    assert ended(whole)["modelStatus"] == "Active"
    assert refused(lambda: bench.deployed(whole, "whole"))[0] == "ValidationException"

    assert "model artifacts" in ended(submit("nothing", f"s3://{ESCROW}/nothing"))["failureMessage"]
    stranger = make_role(bench.cloud, "stranger", "bedrock.amazonaws.com", DATA, CONFUSED_DEPUTY)
    assert "assume" in ended(submit("untrusted", adapter, stranger))["failureMessage"]
    blind = make_role(bench.cloud, "import-blind", "bedrock.amazonaws.com", DATA)
    assert "AccessDenied" in ended(submit("unread", adapter, blind))["failureMessage"]
    assert refused(lambda: submit("elsewhere", f"s3://{BUCKET}/model"))[0] == "ValidationException"


def test_a_model_package_is_imported_by_callers_who_may_read_it_without_a_role(bench: Bench) -> None:
    sagemaker = bench.cloud.client("sagemaker")

    def package(**more: Any) -> str:
        source = {"S3Uri": checkpoint(bench, "packed"), "S3DataType": "S3Prefix", "CompressionType": "None"}
        containers = [{"ModelDataSource": {"S3DataSource": source}}]
        made = sagemaker.create_model_package(
            ModelPackageGroupName="colours", InferenceSpecification={"Containers": containers}, **more
        )
        return str(made["ModelPackageArn"])

    def submit(bedrock: Any, name: str, arn: str) -> str:
        source = {"modelPackageArnDataSource": {"modelPackageArn": arn}}
        return str(bedrock.create_custom_model(modelName=name, customModelDataSource=source)["modelArn"])

    arn = package(ManagedStorageType="Restricted", Tags=[{"Key": "team", "Value": "lab"}])
    about = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (about["ModelPackageVersion"], about["ModelPackageStatus"]) == (1, "Completed")
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "lab"}]
    model = submit(bench.bedrock, "packed", arn)
    until(lambda: bench.model_status(model), lambda status: status == "Active")
    assert refused(lambda: submit(bench.bedrock, "open", package()))[0] == "ResourceNotFoundException"
    assert refused(lambda: submit(bench.bedrock, "none", f"{arn}23"))[0] == "ResourceNotFoundException"
    imports = allow("bedrock:CreateCustomModel", "*")
    blind = as_user(bench.cloud, "packages-blind", "bedrock", imports)
    assert "sagemaker:DescribeModelPackage" in refused(lambda: submit(blind, "blind", arn))[1]
    half = as_user(bench.cloud, "packages-half", "bedrock", imports, allow("sagemaker:DescribeModelPackage", arn))
    assert "sagemaker:AccessModelPackageData" in refused(lambda: submit(half, "half", arn))[1]
