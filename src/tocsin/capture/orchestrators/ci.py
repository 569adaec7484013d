"""CI systems: everything is in the environment, under documented names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.capture.links import web_link
from tocsin.core.run import Context


@dataclass(frozen=True, kw_only=True)
class CiSystem:
    """How one CI system describes its job. Templates are filled from the environment."""

    orchestrator: str
    label: str
    #: A variable that is set in every job of this system and nowhere else.
    marker: str
    url: str
    #: Template of what stays the same when the job is tried again.
    logical_id: str
    #: Our name → the variable.
    names: Mapping[str, str]
    #: The variable that counts tries, and the number that it gives to the first one.
    attempt: str = ""
    first_attempt: int = 1


SYSTEMS = (
    CiSystem(
        orchestrator="github-actions",
        label="GitHub Actions run",
        marker="GITHUB_ACTIONS",
        url="{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}",
        logical_id="{GITHUB_REPOSITORY}/{GITHUB_RUN_ID}/{GITHUB_JOB}",
        names={
            "repository": "GITHUB_REPOSITORY",
            "workflow": "GITHUB_WORKFLOW",
            "job": "GITHUB_JOB",
            "run_id": "GITHUB_RUN_ID",
        },
        attempt="GITHUB_RUN_ATTEMPT",
    ),
    CiSystem(
        orchestrator="gitlab",
        label="GitLab job",
        marker="GITLAB_CI",
        url="{CI_JOB_URL}",
        # A job that is tried again gets a new id; pipeline and job name stay.
        logical_id="{CI_PIPELINE_ID}/{CI_JOB_NAME}",
        names={"project": "CI_PROJECT_PATH", "job": "CI_JOB_NAME", "run_id": "CI_PIPELINE_ID"},
    ),
    CiSystem(
        orchestrator="jenkins",
        label="Jenkins log",
        marker="JENKINS_URL",
        # BUILD_URL ends with a slash.
        url="{BUILD_URL}console",
        logical_id="{JOB_NAME}/{BUILD_NUMBER}",
        names={"job": "JOB_NAME", "run_id": "BUILD_NUMBER"},
    ),
    CiSystem(
        orchestrator="circleci",
        label="CircleCI job",
        marker="CIRCLECI",
        url="{CIRCLE_BUILD_URL}",
        logical_id="{CIRCLE_WORKFLOW_ID}/{CIRCLE_JOB}",
        names={"project": "CIRCLE_PROJECT_REPONAME", "job": "CIRCLE_JOB", "run_id": "CIRCLE_WORKFLOW_ID"},
    ),
    CiSystem(
        orchestrator="buildkite",
        label="Buildkite job",
        marker="BUILDKITE",
        url="{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}",
        # A job that is tried again gets a new id; the step's id stays.
        logical_id="{BUILDKITE_BUILD_ID}/{BUILDKITE_STEP_ID}",
        names={"pipeline": "BUILDKITE_PIPELINE_SLUG", "job": "BUILDKITE_LABEL", "run_id": "BUILDKITE_BUILD_NUMBER"},
        attempt="BUILDKITE_RETRY_COUNT",
        first_attempt=0,
    ),
    CiSystem(
        orchestrator="azure-pipelines",
        label="Azure Pipelines job",
        marker="TF_BUILD",
        # The collection's URI ends with a slash.
        url="{SYSTEM_TEAMFOUNDATIONCOLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}&view=logs"
        "&j={SYSTEM_JOBID}",
        logical_id="{BUILD_BUILDID}/{SYSTEM_JOBNAME}",
        names={"project": "SYSTEM_TEAMPROJECT", "job": "SYSTEM_JOBDISPLAYNAME", "run_id": "BUILD_BUILDID"},
        attempt="SYSTEM_JOBATTEMPT",
    ),
)


def detect(environ: Mapping[str, str], _modules: Mapping[str, Any]) -> Context | None:
    """Find the CI system whose job this process is part of."""
    for system in SYSTEMS:
        if environ.get(system.marker):
            return Context(
                orchestrator=system.orchestrator,
                links=web_link(system.label, _filled(system.url, environ)),
                names={name: environ[variable] for name, variable in system.names.items() if variable in environ},
                logical_id=_filled(system.logical_id, environ),
                attempt=int(environ.get(system.attempt, system.first_attempt)) - system.first_attempt + 1,
            )
    return None


def _filled(template: str, environ: Mapping[str, str]) -> str | None:
    """Fill a template, or tell by None that a variable is missing."""
    try:
        return template.format_map(environ)
    except KeyError:
        return None
