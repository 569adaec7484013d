"""Serverless platforms: the log's address is built from the names in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tocsin.capture.links import web_link
from tocsin.core.run import Context

#: Region prefix → domain of the AWS console, where it is not the common one.
_AWS_CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}


def detect_lambda(environ: Mapping[str, str], _modules: Mapping[str, Any]) -> Context | None:
    """AWS Lambda. The request id, which a retry keeps, is only in the handler's argument: no logical id."""
    function = environ.get("AWS_LAMBDA_FUNCTION_NAME")
    if not function:
        return None
    region = environ.get("AWS_REGION", "")
    group, stream = environ.get("AWS_LAMBDA_LOG_GROUP_NAME", ""), environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
    domain = next((d for prefix, d in _AWS_CONSOLES.items() if region.startswith(prefix)), "console.aws.amazon.com")
    url = (
        f"https://{region}.{domain}/cloudwatch/home?region={region}"
        f"#logsV2:log-groups/log-group/{_console_name(group)}/log-events/{_console_name(stream)}"
    )
    return Context(
        orchestrator="aws-lambda",
        links=web_link("CloudWatch log", url if region and group and stream else None),
        names={"function": function, "region": region, "log_group": group, "log_stream": stream},
    )


def _console_name(name: str) -> str:
    """Encode a name for the fragment of a CloudWatch address: percent-encoded twice, "%" then written as "$"."""
    return quote(quote(name, safe=""), safe="").replace("%", "$")


def detect_cloud_run_job(environ: Mapping[str, str], _modules: Mapping[str, Any]) -> Context | None:
    """Google Cloud Run jobs. The project is not in the environment unless the user put it there."""
    job, execution = environ.get("CLOUD_RUN_JOB"), environ.get("CLOUD_RUN_EXECUTION")
    if not (job and execution):
        return None
    task = environ.get("CLOUD_RUN_TASK_INDEX", "0")
    project = environ.get("GOOGLE_CLOUD_PROJECT", "")
    query = (
        'resource.type="cloud_run_job"\n'
        f'resource.labels.job_name="{job}"\n'
        f'labels."run.googleapis.com/execution_name"="{execution}"'
    )
    url = f"https://console.cloud.google.com/logs/query;query={quote(query, safe='')}"
    return Context(
        orchestrator="cloud-run",
        links=web_link("Cloud Logging", url + (f"?project={quote(project)}" if project else "")),
        names={"job": job, "run_id": execution, "task_index": task},
        logical_id=f"{execution}/{task}",
        # Cloud Run counts from 0.
        attempt=int(environ.get("CLOUD_RUN_TASK_ATTEMPT", "0")) + 1,
    )


def detect_modal(environ: Mapping[str, str], _modules: Mapping[str, Any]) -> Context | None:
    """Modal. Its environment names the container and neither the call nor the app: no link, no logical id."""
    if environ.get("MODAL_IS_REMOTE") != "1":
        return None
    names = {"task_id": "MODAL_TASK_ID", "environment": "MODAL_ENVIRONMENT", "region": "MODAL_REGION"}
    return Context(
        orchestrator="modal",
        names={name: environ[variable] for name, variable in names.items() if variable in environ},
    )
