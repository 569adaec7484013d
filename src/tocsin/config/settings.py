"""The one table of settings: it feeds the reader, the environment, the docs and `tocsin config show`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.core.duration import parse_duration
from tocsin.core.severity import Severity

Reader = Callable[[object], object]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One key, how its value is read and what it does."""

    key: str
    read: Reader
    #: As one would write it in the file; None where there is no default.
    default: str | None
    help: str
    #: A value to show where there is no default; a list as it stands in a file.
    example: str = ""
    secret: bool = False


def read_text(value: object) -> str:
    """Read text that is not empty.

    Raises:
        ValueError: The value is empty, a table or a list.
    """
    if isinstance(value, list | dict) or not str(value).strip():
        raise ValueError("expected text")
    return str(value).strip()


def read_bool(value: object) -> bool:
    """Read true or false, also as dlt's environment variables write them.

    Raises:
        ValueError: The value is neither.
    """
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if (found := words.get(str(value).strip().lower())) is None:
        raise ValueError("expected true or false")
    return found


def read_texts(value: object) -> tuple[str, ...]:
    """Read a list of texts, or one text.

    Raises:
        ValueError: The value is neither.
    """
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError('expected a list of texts, for example ["ops", "pager"]')
    return tuple(value)


def read_count(value: object) -> int:
    """Read a number of things.

    Raises:
        ValueError: The value is no whole number, or a negative one.
    """
    if isinstance(value, bool) or not str(value).strip().isdecimal():
        raise ValueError("expected a whole number, 0 or more")
    return int(str(value))


def read_positive(value: object) -> int:
    """Read a number of things of which there has to be one.

    Raises:
        ValueError: The value is no whole number, or below 1.
    """
    if (number := read_count(value)) < 1:
        raise ValueError("expected a whole number, 1 or more")
    return number


def read_rate(value: object) -> float:
    """Read how often something happens.

    Raises:
        ValueError: The value is no number above 0.
    """
    try:
        rate = float(str(value))
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ValueError("expected a number above 0, for example 0.3")
    return rate


def read_choice(*choices: str) -> Reader:
    """Return a reader that accepts these words only."""

    def read(value: object) -> str:
        if str(value).strip().lower() not in choices:
            raise ValueError(f"expected one of: {', '.join(choices)}")
        return str(value).strip().lower()

    return read


#: What `[tocsin]` says for all routes, and each of `[[tocsin.routes]]` may say differently.
POLICY = (
    Setting(
        key="least",
        read=read_choice(*(s.value for s in Severity)),
        default="warning",
        help="Findings of a lower severity are kept and shown, but nobody is told.",
    ),
    Setting(
        key="repeat_every",
        read=parse_duration,
        default="4h",
        help="How often a problem that goes on is told again.",
    ),
    Setting(
        key="group_above",
        read=read_count,
        default="5",
        help="More problems than this within a minute are a storm: what comes beyond them comes as one message.",
    ),
    Setting(
        key="group_wait",
        read=parse_duration,
        default="20s",
        help="How long a group of problems waits for more before its first message.",
    ),
    Setting(
        key="group_interval",
        read=parse_duration,
        default="5m",
        help="The shortest time between two messages of a group.",
    ),
)

#: `[tocsin]`
GENERAL = (
    Setting(
        key="enabled",
        read=read_bool,
        default="true",
        help="Watch pipelines at all. Under pytest they are watched only where the environment says so: "
        "`TOCSIN__ENABLED=true`.",
    ),
    Setting(
        key="environment",
        read=read_text,
        default="default",
        help="Name of this environment. The same pipeline in two environments has two histories and two alerts.",
    ),
    Setting(
        key="timezone",
        read=read_text,
        default="UTC",
        help='The zone of schedules that name none, for example "Europe/Berlin".',
    ),
    Setting(
        key="home",
        read=read_text,
        default=None,
        help="Directory for the spool, the log tails and the SQLite file. Default: one a project, in `tocsin` in dlt's "
        "data directory. Programs that share a home share channels and routes: those of whoever sends first count.",
    ),
    Setting(
        key="store",
        read=read_text,
        default=None,
        help="Where runs and alerts are kept, as a URL: `sqlite:///…` for a file, `postgresql://…` for a database. "
        "Default: `sqlite:///HOME/tocsin.db`.",
    ),
    Setting(
        key="server",
        read=read_text,
        default=None,
        help="Address of a Tocsin server that all reports go to; the store and the channels are those of the server.",
        example="https://tocsin.internal",
    ),
    Setting(key="api_key", read=read_text, default=None, help="The key that the server gave out.", secret=True),
    Setting(
        key="handover",
        read=read_choice("spawn", "inline", "none"),
        default="spawn",
        help="Who handles what a run reports: a small companion process (spawn), the pipeline's process at the end of "
        "each run (inline), or nobody until `tocsin watch` or `tocsin tick` looks (none).",
    ),
    Setting(
        key="budget",
        read=parse_duration,
        default="5s",
        help="The longest time that the end of a run may wait for its alert to be sent. What does not fit is sent "
        "later by the companion or the next run.",
    ),
    Setting(
        key="died_after",
        read=parse_duration,
        default="60s",
        help="A run without a sign of life for so long has died.",
    ),
    Setting(
        key="check_timeout",
        read=parse_duration,
        default="60s",
        help="The longest that one check of data may take; then it is told as a check that could not be run.",
    ),
    Setting(
        key="check_budget",
        read=parse_duration,
        default="30s",
        help="The longest that the end of a run may wait for its checks. `tocsin check run` waits for as long as they "
        "take.",
    ),
    Setting(
        key="check_parallel",
        read=read_positive,
        default="4",
        help="How many checks are run at once, each with a connection of its own.",
    ),
    Setting(
        key="log_url",
        read=read_text,
        default=None,
        help="Template of the link to a run's log, for example `https://logs.internal/?q={host}+{run_id}`. "
        "Default: taken from the orchestrator, else the log tail is kept in a file.",
        example="https://logs.internal/?q={host}",
    ),
    Setting(
        key="dagster_url",
        read=read_text,
        default=None,
        help="Address of the Dagster webserver, for links to runs; Dagster does not tell it to its processes.",
        example="https://dagster.internal",
    ),
    Setting(
        key="watchdog_url",
        read=read_text,
        default=None,
        help="Address that `tocsin watch` and `tocsin tick` ask for (GET) after each tick that went well, so that a "
        "dead-man's switch outside of this machine, for example Healthchecks, tells when they stop.",
        secret=True,
        example="https://hc-ping.com/UUID",
    ),
    *POLICY,
    Setting(
        key="flapping_after",
        read=read_count,
        default="5",
        help="A problem that comes back more often than this within `flapping_within` is told once as coming and "
        "going, and not each time; 0 tells each time.",
    ),
    Setting(key="flapping_within", read=parse_duration, default="6h", help="See `flapping_after`."),
    Setting(
        key="false_alerts",
        read=read_rate,
        default="0.3",
        help="How many false alerts of each table, and of each step, are accepted in a month. Fewer mean that smaller "
        "incidents are missed.",
    ),
)

#: `[tocsin.pipelines.NAME]`
PIPELINE = (
    Setting(key="enabled", read=read_bool, default="true", help="Watch this pipeline."),
    Setting(
        key="owner",
        read=read_text,
        default=None,
        help="Who acts; shown in messages, and routes can ask for it. What no route matches goes to the channel of "
        "this name, or to those that `[tocsin.owners]` names.",
    ),
    Setting(key="tags", read=read_texts, default=None, help="Words that routes and silences can ask for."),
    Setting(
        key="schedule",
        read=read_text,
        default=None,
        help='When it should run: a cron line ("0 6 * * *"), "every 1h", or a calendar event ("Mon..Fri 06:00"). '
        "Default: learned from the runs, once they are regular enough.",
        example="0 6 * * *",
    ),
    Setting(
        key="timezone",
        read=read_text,
        default=None,
        help="The zone of the schedule. Default: that of `[tocsin]`.",
        example="Europe/Berlin",
    ),
    Setting(
        key="start_within",
        read=parse_duration,
        default="15m",
        help="A run that has not begun so long after its time has not started.",
    ),
    Setting(
        key="finish_within",
        read=parse_duration,
        default=None,
        help="A run that has not ended so long after its time is late. Default: nobody asks.",
        example="2h",
    ),
    Setting(
        key="stuck_after",
        read=parse_duration,
        default=None,
        help="A run that lives and has not moved for so long is stuck. Default: learned from the runs, at least 10 "
        "minutes, and longer for load jobs.",
        example="30m",
    ),
    Setting(
        key="after",
        read=read_texts,
        default=None,
        help="Pipelines that have to deliver first. While one of them is in trouble this one is blocked and not late. "
        "Default: learned from the runs. An empty list says that there are none.",
        example='["customers"]',
    ),
    Setting(key="died_after", read=parse_duration, default=None, help="As in `[tocsin]`, for this pipeline."),
    Setting(
        key="schema_changes",
        read=read_choice("info", "warning", "error", "off"),
        default="info",
        help="How much it matters that a run adds a table or a column. What takes away or changes a type is a warning "
        "at least; `off` tells nothing of either.",
    ),
    Setting(
        key="volume",
        read=read_bool,
        default="true",
        help="Tell tables that get unusually many or few rows.",
    ),
    Setting(
        key="duration", read=read_bool, default="true", help="Tell runs, and steps of them, that take unusually long."
    ),
)

#: `[tocsin.pipelines.NAME.tables.TABLE]`
TABLE = (
    Setting(
        key="min_rows",
        read=read_count,
        default=None,
        help="A load of the table that brings fewer rows is told, whatever is usual.",
        example="1",
    ),
    Setting(
        key="max_rows",
        read=read_count,
        default=None,
        help="A load of the table that brings more rows is told, whatever is usual.",
        example="1000000",
    ),
    Setting(
        key="fresh_within",
        read=parse_duration,
        default=None,
        help="A table that has got no rows for so long is stale. Default: nobody asks.",
        example="26h",
    ),
    Setting(
        key="fresh_column",
        read=read_text,
        default=None,
        help="A time in the rows. After each load of the table its newest value may not be older than `fresh_within` "
        "either: a check of the kind `freshness`.",
        example="created_at",
    ),
)

#: `[[tocsin.routes]]`
ROUTE = (
    Setting(
        key="match",
        read=read_texts,
        default=None,
        help='Conditions that all have to hold, for example `pipeline=~"billing.*"` or `severity="critical"`.',
    ),
    Setting(key="channels", read=read_texts, default=None, help="Names of the channels that hear of it."),
    Setting(key="name", read=read_text, default=None, help="Name of the route in explanations."),
    *(Setting(key=each.key, read=each.read, default=None, help="As in `[tocsin]`, for this route.") for each in POLICY),
    Setting(
        key="group_by",
        read=read_texts,
        default=None,
        help='Labels. Problems that agree in all of them come as one message: `group_by = ["owner"]`. '
        "Default: only a storm is grouped.",
        example='["owner"]',
    ),
    Setting(
        key="escalate",
        read=read_texts,
        default=None,
        help="Who else hears of what nobody has acknowledged: a time and channels, for example "
        '`["15m pager", "1h phone boss"]`.',
        example='["15m pager"]',
    ),
    Setting(
        key="active",
        read=read_texts,
        default=None,
        help='The route tells only within these times, for example `["mon-fri 08:00-18:00 Europe/Berlin"]`. '
        "What still goes on when they begin is told then.",
        example='["mon-fri 08:00-18:00"]',
    ),
    Setting(key="mute", read=read_texts, default=None, help="The route does not tell within these times."),
    Setting(
        key="go_on", read=read_bool, default="false", help="Look at the following routes although this one matched."
    ),
)

#: `[[tocsin.maintenance]]`
MAINTENANCE = (
    Setting(
        key="match",
        read=read_texts,
        default=None,
        help="Conditions that all have to hold, as those of routes. What they fit is kept and shown, and nobody is "
        "told.",
        example="['environment=\"prod\"']",
    ),
    Setting(
        key="when",
        read=read_texts,
        default=None,
        help='Windows of time: days, hours or both, and the zone (`"sun 02:00-04:00 Europe/Berlin"`, `"sat,sun"`, '
        '`"22:00-06:00"`), or two moments (`"2026-12-24 18:00 to 2026-12-27 06:00"`). The zone is that of `[tocsin]` '
        "where none is named.",
        example='["sun 02:00-04:00 Europe/Berlin"]',
    ),
    Setting(key="reason", read=read_text, default=None, help="Why, for whoever asks why nobody was told."),
    Setting(key="name", read=read_text, default=None, help="Name of the maintenance in explanations."),
    Setting(
        key="everything", read=read_bool, default="false", help="Everything is muted although no condition limits it."
    ),
)

#: `[[tocsin.expect]]`
EXPECT = (
    Setting(
        key="alert",
        read=read_texts,
        default=None,
        help="What is known of the problem, each label with `=`: a `pipeline` or a `channel`, and what else matters. "
        "`kind` is failed where nothing is said, `severity` that of the kind; environment, owner and tags are those of "
        "the pipeline.",
        example="['pipeline=\"billing\"', 'severity=\"critical\"']",
    ),
    Setting(
        key="at",
        read=read_text,
        default=None,
        help='When it happens: `"2026-11-23T03:00:00+01:00"`, or the next `"mon 03:00 Europe/Berlin"`. Default: now, '
        "whenever that is.",
        example="mon 03:00 Europe/Berlin",
    ),
    Setting(key="reaches", read=read_texts, default=None, help="Channels that hear of it."),
    Setting(key="reaches_not", read=read_texts, default=None, help="Channels that do not hear of it."),
    Setting(
        key="within",
        read=parse_duration,
        default=None,
        help="How long the message may take, by escalation, hours of the route or a group. Default: it comes at once, "
        "or with the first message of its group.",
        example="15m",
    ),
)

#: Keys of `[tocsin.channels.NAME]` that are not the channel's own.
CHANNEL = (
    Setting(key="type", read=read_text, default=None, help="What kind of channel it is: see `tocsin channel list`."),
    Setting(
        key="fallback",
        read=read_text,
        default=None,
        help="Channel that is told what this one could not deliver. Default: every other channel.",
    ),
)
