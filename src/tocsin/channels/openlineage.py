"""OpenLineage: whoever keeps lineage, as Marquez and DataHub do, hears of each run when it begins and when it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.lineage_event import lineage_event, remark_event
from tocsin.channels.http import post
from tocsin.channels.refusal import excerpt
from tocsin.core.codec import decode
from tocsin.core.feed import Feed, News
from tocsin.core.outbox import Receipt


class OpenLineage(Channel):
    """Posts one event a request, as the HTTP transport of OpenLineage's own clients does.

    Its clients are not used: they would be in the process of the pipeline, and what they cannot send is lost.
    """

    type: ClassVar[str] = "openlineage"
    summary: ClassVar[str] = (
        "OpenLineage: each run and what it wrote, for Marquez, DataHub and others that keep lineage"
    )
    min_interval: ClassVar[float] = 0.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="url",
            help="The address of the server, without the path.",
            url=True,
            required=True,
            example="http://marquez.internal:5000",
        ),
        Field(name="endpoint", help="The path there.", default="api/v1/lineage"),
        Field(
            name="api_key",
            help="Sent as `Authorization: Bearer …`.",
            secret=True,
            example="3f2a…",
        ),
        Field(
            name="namespace",
            help="The namespace of the jobs. Without it, it is the environment of each run.",
            example="prod",
        ),
    )
    setup: ClassVar[str] = """
        1. Write the address into `.dlt/config.toml`:

           ```toml
           [tocsin.channels.lineage]
           type = "openlineage"
           url = "http://marquez.internal:5000"
           ```

           With a key, `api_key` belongs into `.dlt/secrets.toml`. For DataHub, `endpoint` is
           `openapi/openlineage/api/v1/lineage`.

        2. Type `tocsin channel test lineage`. The test is an event of the type `OTHER` about the job `tocsin`.

        The channel follows runs, and needs no route. Alerts that a route sends to it are not sent on: OpenLineage has
        no word for late, stuck or not started.

        ### What it is told

        | Tocsin | OpenLineage |
        | --- | --- |
        | a run begins | `START` |
        | succeeded, no data, only a pending package | `COMPLETE` |
        | failed, partial, exited, died | `FAIL` |
        | interrupted, aborted, blocked | `ABORT` |
        | pipeline, environment | the job's name, and its namespace where none is set |
        | id of the run | `runId`; where it is no UUID, one that is made of it and always the same |
        | cause, with its traceback | facet `errorMessage`, redacted where the pipeline ran |
        | the slot of a run that was expected | facet `nominalTime` |
        | tables, with their rows and columns | `outputs`, with the facets `outputStatistics` and `schema` |
        | dlt, or another job | facet `jobType`: `BATCH`, `DLT`, `PIPELINE`, or `BATCH`, `TOCSIN`, `JOB` |
        | dlt's version, owner | facets `processing_engine` and `ownership` |
        | `OPENLINEAGE_PARENT_ID` of the process | facet `parent` |

        Tables are named as OpenLineage's [naming](https://openlineage.io/docs/spec/naming) has it, so that a model of
        dbt that reads them is drawn behind them: `postgres://db.internal:5432` and `warehouse.shop.orders`. dlt shows
        where the destination is, without user and password; where it does not, its name stands for the address.

        In Airflow, give the process of the pipeline its task as the parent, in the way that Airflow's provider of
        OpenLineage documents for dbt and Spark:

        <!-- docs: not executed: it is a part of a DAG -->
        ```python
        BashOperator(
            task_id="load",
            bash_command="python orders.py",
            append_env=True,
            env={"OPENLINEAGE_PARENT_ID": "{{ macros.OpenLineageProviderPlugin.lineage_parent_id(task_instance) }}"},
        )
        ```

        ### Limits

        - Events wait in a queue of their own while the server is down, for four days. One that had to be sent again may
          come after a later one: receivers go by `eventTime`. One that comes twice has the same content.
        - A run that was taken for dead and then tells its end gets a second last event.
        - What came in by OpenLineage is not sent out again: its producer can send it to both.
        - A receiver that refuses an event (400, 413, 422) gets it once more without columns and traceback.
        - Sources are not told as `inputs`, because dlt does not know their addresses; nor is source code.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._url = f"{settings['url'].rstrip('/')}/{settings['endpoint'].lstrip('/')}"
        self._headers = {"Content-Type": "application/json"}
        if key := settings.get("api_key"):
            self._headers["Authorization"] = f"Bearer {key}"
        self._namespace = settings.get("namespace", "")

    def feeds(self) -> tuple[Feed, ...]:
        """Return that it follows runs."""
        return (Feed.LINEAGE,)

    def send(self, outgoing: Outgoing) -> Receipt:
        """Post the event."""
        message = outgoing.message
        if message.alert_id is not None:
            return Receipt(sent=False, answer="nothing was sent: OpenLineage knows runs and no alerts")
        if message.data and "feed" in message.data:
            news = decode(News, message.data)
            event = lineage_event(news, namespace=self._namespace, plain=outgoing.plain)
        else:
            event = remark_event(outgoing.key, message.title, message.at, namespace=self._namespace)
        answer = post(self._url, json.dumps(event).encode(), self._headers, budget=outgoing.budget)
        return Receipt(status=answer.status, answer=excerpt(answer))
