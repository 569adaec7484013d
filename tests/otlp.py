"""What a receiver of OpenTelemetry reads of what it was posted, with OpenTelemetry's own classes."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from receiver import Request


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span that arrived."""

    name: str
    #: Hexadecimal; the parent of a root is empty.
    trace: str
    id: str
    parent: str
    #: Seconds since 1970.
    began: float
    ended: float
    #: "UNSET" or "ERROR", and what is said of it.
    status: str
    said: str
    attributes: dict[str, Any]
    #: Names, and attributes.
    events: list[tuple[str, dict[str, Any]]]
    resource: dict[str, Any]
    remote: bool


@dataclass(frozen=True, kw_only=True)
class Point:
    """A point of a metric that arrived."""

    metric: str
    unit: str
    #: "sum", "gauge" or "histogram".
    kind: str
    value: float
    attributes: dict[str, Any]
    resource: dict[str, Any]
    at: float
    #: The number of the bucket that holds the value of a histogram.
    bucket: int | None = None
    delta: bool = False


def spans(request: Request) -> list[Span]:
    """Return the spans of a request, the root first."""
    assert request.target.endswith("/v1/traces")
    return [
        Span(
            name=span.name,
            trace=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            began=span.start_time_unix_nano / 1e9,
            ended=span.end_time_unix_nano / 1e9,
            status="ERROR" if span.status.code == span.status.STATUS_CODE_ERROR else "UNSET",
            said=span.status.message,
            attributes=_attributes(span.attributes),
            events=[(event.name, _attributes(event.attributes)) for event in span.events],
            resource=_attributes(of.resource.attributes),
            remote=bool(span.flags & 0x200),
        )
        for of in ExportTraceServiceRequest.FromString(_body(request)).resource_spans
        for scope in of.scope_spans
        for span in scope.spans
    ]


def points(request: Request) -> list[Point]:
    """Return the points of all metrics of a request."""
    assert request.target.endswith("/v1/metrics")
    found = []
    for of in ExportMetricsServiceRequest.FromString(_body(request)).resource_metrics:
        for metric in (metric for scope in of.scope_metrics for metric in scope.metrics):
            kind = str(metric.WhichOneof("data"))
            data: Any = getattr(metric, kind)
            found += [
                Point(
                    metric=metric.name,
                    unit=metric.unit,
                    kind=kind,
                    value=point.sum if kind == "histogram" else point.as_int,
                    attributes=_attributes(point.attributes),
                    resource=_attributes(of.resource.attributes),
                    at=point.time_unix_nano / 1e9,
                    bucket=[*point.bucket_counts].index(1) if kind == "histogram" else None,
                    delta=getattr(data, "aggregation_temporality", 0) == 1,
                )
                for point in data.data_points
            ]
    return found


def _body(request: Request) -> bytes:
    assert request.headers["content-type"] == "application/x-protobuf"
    return gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in pairs}
