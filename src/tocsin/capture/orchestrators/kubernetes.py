"""Kubernetes: the pod, so that its log can be found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tocsin.core.run import Context

#: Mounted into every pod that has a service account.
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

#: A CronJob's pod: the name, the scheduled minute since 1970, an index if the Job is indexed, a random suffix.
_CRON_JOB_POD = re.compile(r"(.+-\d{8}(?:-\d+)?)-[a-z0-9]{5}")


def detect(environ: Mapping[str, str], _modules: Mapping[str, Any]) -> Context | None:
    """Name pod and namespace.

    The downward API is read under the two usual names (`POD_NAME`, and `KUBE_POD_NAME` as in dlt's documentation).
    A cluster has no page of its own for a log: `TOCSIN__LOG_URL` makes a link of these names. Pods that a CronJob
    starts for the same minute are tries of one run; other pods' names tell nothing about it.
    """
    if "KUBERNETES_SERVICE_HOST" not in environ:
        return None
    pod = _first(environ, "KUBE_POD_NAME", "POD_NAME", "HOSTNAME")
    namespace = _first(environ, "KUBE_POD_NAMESPACE", "POD_NAMESPACE") or _mounted_namespace()
    node = _first(environ, "KUBE_NODE_NAME", "NODE_NAME")
    names = {"pod": pod, "namespace": namespace, "node": node}
    job = _CRON_JOB_POD.fullmatch(pod)
    return Context(
        orchestrator="kubernetes",
        names={name: value for name, value in names.items() if value},
        logical_id=f"{namespace}/{job[1]}" if job else None,
    )


def _first(environ: Mapping[str, str], *variables: str) -> str:
    return next((environ[variable] for variable in variables if environ.get(variable)), "")


def _mounted_namespace() -> str:
    try:
        return NAMESPACE_FILE.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
