"""`tailor policy`: print the IAM policy for a team that may access only its own projects."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tailor.names import UPLOADS, check_name, project_folders
from tailor_cli.completing import project_names
from tailor_cli.context import say_json, session, shown_errors


def policy(
    projects: Annotated[list[str], typer.Argument(metavar="PROJECT...", autocompletion=project_names)],
    as_json: Annotated[bool, typer.Option("--json", help="changes nothing: a policy is JSON")] = False,
) -> None:
    """Print an IAM policy for a team that may access only its own projects.

    It may upload to them, follow their runs, and read their reports and usage. Approvals and calls of models are the
    API's: give the team a key (tailor keys create).
    """
    with shown_errors():
        from tailor.aws.stacks import caller

        who, stack = caller(), session.stack
        tables = {"runs": stack.runs_table, "serving": stack.serving_table, "folders": stack.folders_table}
        document = team_policy(
            projects,
            stack=stack.name,
            bucket=stack.bucket,
            tables=tables,
            place=(who.arn.split(":")[1], who.region, who.account),
            key=stack.kms_key,
        )
        say_json(json.dumps(document, indent=2))


def team_policy(
    projects: Sequence[str],
    *,
    stack: str,
    bucket: str,
    tables: dict[str, str],
    place: tuple[str, str, str],
    key: str = "",
) -> dict[str, Any]:
    """Return the policy of a team with these projects.

    Args:
        tables: names of the tables ``runs``, ``serving`` and ``folders``; an empty one is left out.
        place: partition, Region and account.
        key: ARN of the stack's KMS key, if it has one.
    """
    for project in projects:
        check_name(project, "project")
    partition, region, account = place
    data = f"arn:{partition}:s3:::{bucket}"
    table = f"arn:{partition}:dynamodb:{region}:{account}:table"
    own = [folder for project in projects for folder in project_folders(project) if not folder.startswith("work/")]
    uploads = [f"{data}/{folder}*" for folder in own if folder.startswith(UPLOADS)]
    named = [tables[name] for name in ("runs", "folders") if tables[name]]
    rows = [f"{kind}#{project}" for project in projects for kind in ("PROJECT", "USAGE")]
    statements = [
        _allow(
            "FindTheStack",
            ["cloudformation:DescribeStacks"],
            [f"arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/*"],
        ),
        _allow(
            "ListOwnFolders", ["s3:ListBucket"], [data], {"StringLike": {"s3:prefix": [f"{folder}*" for folder in own]}}
        ),
        _allow("ReadOwnFiles", ["s3:GetObject"], [f"{data}/{folder}*" for folder in own]),
        _allow("Upload", ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], uploads),
        _allow(
            "SeeOwnRunsAndUploads",
            ["dynamodb:Query"],
            [f"{table}/{name}/index/project" for name in named],
            _keys(list(projects)),
        ),
        _allow(
            "SeeOwnVersionsAndUsage",
            ["dynamodb:GetItem", "dynamodb:Query"],
            [f"{table}/{tables['serving']}"],
            _keys(rows),
        ),
        _allow(
            "AskWhatTheRegionOffers",  # public facts, which have no resources
            ["bedrock:GetFoundationModel", "bedrock:ListFoundationModels", "pricing:GetProducts"],
            ["*"],
        ),
    ]
    if key:
        statements.append(_allow("UseTheKey", ["kms:Decrypt", "kms:GenerateDataKey"], [key]))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(
    sid: str, actions: list[str], resources: list[str], condition: dict[str, Any] | None = None
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def _keys(values: list[str]) -> dict[str, Any]:
    """Return the condition that a request names partition keys, and only these."""
    name = "dynamodb:LeadingKeys"
    return {"ForAllValues:StringEquals": {name: values}, "Null": {name: "false"}}
