"""OpenTelemetry: each run as a trace and as metrics, for whatever takes OTLP over HTTP."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.http import post
from tocsin.channels.refusal import Answer, shorten
from tocsin.core.codec import decode
from tocsin.core.feed import Count, Feed, News
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

if TYPE_CHECKING:
    from google.protobuf.message import Message as Protobuf

_MISSING = 'the SDK of OpenTelemetry is not installed; type: pip install "dlt-tocsin[otel]"'
_SWITCH = ("true", "false")
_TRACES, _METRICS = "traces", "metrics"


class OpenTelemetry(Channel):
    """Posts protobuf that the encoder of the SDK writes; its exporter would drop what it cannot send.

    Nothing of the SDK runs: no provider, no thread. It is loaded when something is sent.
    """

    type: ClassVar[str] = "opentelemetry"
    summary: ClassVar[str] = "OpenTelemetry: each run as a trace and as metrics, over OTLP/HTTP"
    min_interval: ClassVar[float] = 0.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="endpoint",
            help="The address of a collector or backend, before `/v1/traces` and `/v1/metrics`. Without it, "
            "`OTEL_EXPORTER_OTLP_ENDPOINT` counts, or the variable of traces or metrics.",
            url=True,
            example="http://collector.internal:4318",
        ),
        Field(
            name="headers",
            help="Headers, as in `OTEL_EXPORTER_OTLP_HEADERS`, which counts without them.",
            secret=True,
            example="api-key=3f2a…,tenant=data",
        ),
        Field(name=_TRACES, help="Send each run as a trace.", default="true", choices=_SWITCH),
        Field(name=_METRICS, help="Send what is counted of runs and alerts.", default="true", choices=_SWITCH),
    )
    setup: ClassVar[str] = """
        1. Install the encoder beside Tocsin, wherever messages are sent: `pip install "dlt-tocsin[otel]"`.
        2. Write the address of a collector, or of a backend that takes OTLP over HTTP, into `.dlt/config.toml`, and
           what it wants in headers into `.dlt/secrets.toml`:

           ```toml title=".dlt/secrets.toml"
           [tocsin.channels.ops]
           headers = "api-key=…"
           ```

        3. Type `tocsin channel test ops`. The test is a span of the service `tocsin`.

        The channel follows runs, and needs no route. Alerts that a route sends to it are not sent on; they are counted.
        [What can be done with it](../integrations/opentelemetry.md) has a page of its own.

        ### Traces

        | Tocsin | OpenTelemetry |
        | --- | --- |
        | a run that has ended | a span with the name of the pipeline, which is the service (`service.name`) |
        | environment, host | `deployment.environment.name`, `host.name` of the resource |
        | extract, normalize, load | spans below it |
        | a bad end | status `ERROR` with the reason, and `error.type` |
        | the cause, with its traceback | an event `exception` at the step that failed, redacted where the pipeline ran |
        | rows of a table; a load job that failed | events `tocsin.table` and `exception` at the load |
        | destination, dataset, table | `db.system.name`, `db.namespace`, `db.collection.name` |
        | the log | `url.full` |
        | id, outcome, attempt, rows, load id, orchestrator | `tocsin.run.id`, `tocsin.outcome`, `tocsin.attempt`, `tocsin.rows`, `tocsin.load_id`, `tocsin.orchestrator` |
        | the span that is open where the run begins, or else `TRACEPARENT` | its trace, and the parent of the run |
        | the attempts of one logical run | one trace, where there is neither |

        ### Metrics

        | metric | what it tells |
        | --- | --- |
        | `tocsin.runs` | counter of runs that have ended, by `tocsin.outcome` |
        | `tocsin.run.duration` | histogram of seconds, by `tocsin.outcome` |
        | `tocsin.rows` | counter of rows sent, by `db.collection.name`, `db.namespace` and `db.system.name` |
        | `tocsin.alerts.open` | gauge of open alerts, by `tocsin.severity`; a point whenever it changes, of the service `tocsin` |

        Counters and histogram are deltas: each run tells what it adds, as of its end. For a backend that wants totals, as
        Prometheus does, put the processor `deltatocumulative` of the collector before it.

        ### Variables

        Where a setting is not there, these count, as for every exporter. They are those of the process that sends:
        `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_EXPORTER_OTLP_COMPRESSION` (`gzip` unless it
        is `none`), and each for one signal, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` for example, whose address is taken as it
        stands. `OTEL_EXPORTER_OTLP_PROTOCOL` and `…_TIMEOUT` change nothing: it is protobuf over HTTP, and how long to
        wait and when to come again are Tocsin's, as for all channels.

        ### Limits

        - Traces and metrics have a queue each. While the receiver is down they wait, for four days; `Retry-After` is
          waited for. What it takes only in part is not sent again, as the protocol has it, but for once without events.
        - A span that is sent twice has the same ids. Figures have none: where an answer gets lost, a run may count twice.
        - A run that was taken for dead and then tells its end is told, and counted, as both.
        - Of a run 100 tables and 100 failed jobs are told. gRPC is not spoken, and no client certificate is shown.
    """  # noqa: E501  # rows of a table

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings, and from the environment what they leave open."""
        self._settings = settings

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check that the SDK is installed, that there is an address for all that is to be sent, and the headers."""
        if not _is_installed():
            return [_MISSING]
        problems = []
        if any(settings[signal] == "true" and not _address(settings, signal) for signal in (_TRACES, _METRICS)):
            problems.append(
                "endpoint is missing, for example http://localhost:4318; or set OTEL_EXPORTER_OTLP_ENDPOINT"
            )
        try:
            _headers(settings, _TRACES)
        except ValueError:
            problems.append(
                "headers is not of the form name=value,name=value; write % in a value as %25, a comma as %2C"
            )
        return problems

    def feeds(self) -> tuple[Feed, ...]:
        """Return what is not switched off."""
        feeds = ((Feed.TRACES, _TRACES), (Feed.METRICS, _METRICS))
        return tuple(feed for feed, signal in feeds if self._settings[signal] == "true")

    def send(self, outgoing: Outgoing) -> Receipt:
        """Post a trace, or metrics."""
        if outgoing.message.alert_id is not None:
            return Receipt(sent=False, answer="nothing was sent: OpenTelemetry gets runs and figures, and no alerts")
        if not _is_installed():
            raise DeliveryError(_MISSING, permanent=True, hint="install it where Tocsin runs")
        signal, request = _request(outgoing)
        url = _address(self._settings, signal)
        headers = {"Content-Type": "application/x-protobuf", **_headers(self._settings, signal)}
        body = request.SerializeToString()
        if _variable("COMPRESSION", signal) != "none":
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, mtime=0)
        answer = post(url, body, headers, budget=outgoing.budget)
        _check_all_taken(url, answer, signal)
        return Receipt(status=answer.status)


def _request(outgoing: Outgoing) -> tuple[str, Protobuf]:
    """Return what is told, and the request that tells it."""
    # A second's worth of imports.
    from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    from tocsin.channels.formats.otlp.metrics import alert_metrics, run_metrics
    from tocsin.channels.formats.otlp.spans import remark_span, run_spans

    message = outgoing.message
    data = message.data or {}
    if "open_alerts" in data:
        return _METRICS, encode_metrics(alert_metrics(decode(Count, data)))
    if "feed" not in data:
        return _TRACES, encode_spans([remark_span(outgoing.key, message.title, message.at)])
    news = decode(News, data)
    if news.feed is Feed.METRICS:
        return _METRICS, encode_metrics(run_metrics(news.run))
    return _TRACES, encode_spans(run_spans(news.run, plain=outgoing.plain))


def _check_all_taken(url: str, answer: Answer, signal: str) -> None:
    """Read from a success what was rejected all the same, which the protocol forbids to send again.

    Raises:
        DeliveryError: Something was.
    """
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        if signal == _TRACES:
            spans = ExportTraceServiceResponse.FromString(answer.body).partial_success
            rejected, why = spans.rejected_spans, spans.error_message
        else:
            points = ExportMetricsServiceResponse.FromString(answer.body).partial_success
            rejected, why = points.rejected_data_points, points.error_message
    except DecodeError:
        # An answer in JSON, or a page; what counts is the status.
        return
    if rejected:
        said = f"{shorten(url)} rejected {rejected} of what it took: {why}"
        raise DeliveryError(said, permanent=True, payload=True, status=answer.status)


def _address(settings: Mapping[str, str], signal: str) -> str:
    """Return where a signal goes, as the specification of OTLP's exporters has it; empty if nobody says where."""
    base = settings.get("endpoint", "")
    if not base:
        if own := os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT", ""):
            return own
        base = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    return f"{base.rstrip('/')}/v1/{signal}" if base else ""


def _headers(settings: Mapping[str, str], signal: str) -> dict[str, str]:
    """Return the headers of requests.

    Raises:
        ValueError: A part of them is no name and value.
    """
    said = settings.get("headers", "") or _variable("HEADERS", signal)
    pairs = [part.partition("=") for part in said.split(",") if part.strip()]
    if any(not name.strip() or not sign for name, sign, _ in pairs):
        msg = "not name=value"
        raise ValueError(msg)
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in pairs}


def _variable(name: str, signal: str) -> str:
    """Return a variable for a signal, or for all."""
    both = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}", f"OTEL_EXPORTER_OTLP_{name}")
    return next((value for each in both if (value := os.environ.get(each, "").strip())), "")


def _is_installed() -> bool:
    try:
        return all(find_spec(name) for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.common"))
    except ModuleNotFoundError:
        return False
