"""`tocsin route explain`, and the expectations that `tocsin config check` judges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli_project import Project
from made import at, run

CHANNELS = "".join(
    f'[tocsin.channels.{name}]\ntype = "file"\npath = "{name}.jsonl"\n' for name in ("ops", "pager", "mail")
)
#: The present of the project is Monday, 13:00 in UTC.
ROUTES = """
[[tocsin.routes]]
name = "money"
match = ['tags="money"']
channels = ["ops"]
group_by = ["owner"]
escalate = ["15m pager"]

[[tocsin.routes]]
match = ['severity="critical"']
channels = ["pager"]

[[tocsin.routes]]
name = "daytime"
match = ['owner="shop"']
channels = ["mail"]
active = ["mon-fri 08:00-18:00"]
repeat_every = "1d"
least = "error"
"""
PIPELINES = """
[tocsin.pipelines.billing]
owner = "finance"
tags = ["money"]

[tocsin.pipelines.stock]
owner = "shop"
"""
ALL = CHANNELS + ROUTES + PIPELINES
STORM = "Beyond 5 new problems within a minute it comes with the others, in one message."


def explained(project: Project, *words: str) -> dict[str, str]:
    """Return what is said of each channel, and of other things by their labels."""
    lines = project.says("route", "explain", *words).splitlines()
    return {label: text.strip() for label, _, text in (line.partition(":  ") for line in lines) if text}


def test_the_screen_tells_who_hears_and_who_does_not(project: Project) -> None:
    """What the configuration says of a pipeline is said first; channels of which the same is said stand together."""
    project.configure(ALL)

    assert project.says("route", "explain", "--pipeline", "billing").splitlines() == [
        "BILLING: FAILED, 23 NOV 2026 13:00:00 UTC",
        "Severity:  error",
        "Owner:     finance",
        "Tags:      money",
        'Takes:     money (tags="money")',
        "",
        "WHO HEARS, IF NOBODY ACKNOWLEDGES IT",
        (
            "ops:    at once, by money; in one message with others of owner finance, for which it waits 20 s; "
            "again every 4 h"
        ),
        (
            "pager:  23 Nov 2026 13:15:00 UTC, after 15 min, by money, as nobody has acknowledged it; "
            "in one message with others of owner finance, for which it waits 20 s; again every 4 h"
        ),
        "",
        "WHO DOES NOT",
        "mail:  money does not name it; daytime does, but money comes first and does not go on",
    ]
    assert project.says("route", "explain", "--channel", "ops").splitlines() == [
        "CHANNEL OPS: CANNOT DELIVER, 23 NOV 2026 13:00:00 UTC",
        "Severity:  error",
        "Takes:     every channel, as no route matches",
        "",
        "WHO HEARS, IF NOBODY ACKNOWLEDGES IT",
        "pager, mail:  at once; again every 4 h",
        STORM,
        "",
        "WHO DOES NOT",
        "ops:  it is what the problem is about",
    ]


@pytest.mark.parametrize(
    ("words", "channel", "said"),
    [
        # The severity is that of the kind, unless another is named.
        (["--pipeline", "other", "--kind", "died"], "pager", "at once, by route 2; again every 4 h"),
        (
            ["--pipeline", "stock", "--kind", "late"],
            "mail",
            "daytime lets through error and worse, and this is warning",
        ),
        (
            ["--pipeline", "stock", "--severity", "critical"],
            "mail",
            "route 2 does not name it; daytime does, but route 2",
        ),
        # Another owner and other tags than those of the pipeline.
        (["--pipeline", "billing", "--tag", "x"], "Takes", "every channel, as no route matches"),
        (["--pipeline", "other", "--tag", "x", "--tag", "money"], "Tags", "x, money"),
        (["--pipeline", "other", "--owner", "shop"], "mail", "at once, by daytime; again every 1 d"),
        # A condition that does not hold.
        (["--pipeline", "stock"], "ops", "daytime does not name it; money does, but tags="),
        (["--pipeline", "stock"], "pager", 'route 2 does, but severity="critical" is not so (it is error)'),
        # Hours of a route.
        (
            ["--pipeline", "stock", "--at", "sat 03:00 Europe/Berlin"],
            "mail",
            (
                "30 Nov 2026 08:00:00 UTC, after 2 d 6 h, by daytime; held back: the route does not tell at this time "
                "(daytime) until 30 Nov 2026 08:00:00 UTC; again every 1 d"
            ),
        ),
        (["--pipeline", "stock", "--at", "2026-11-24T08:00Z"], "mail", "at once"),
        # A check is a kind of problem of its own, unless another is named.
        (["--pipeline", "billing", "--check", "sums"], "Check", "sums"),
        (["--pipeline", "stock", "--kind", "volume"], "Severity", "warning"),
        # A table and an environment are labels too.
        (["--pipeline", "other", "--table", "lines", "--environment", "prod"], "Table", "lines"),
    ],
)
def test_each_answer_is_a_sentence(project: Project, words: list[str], channel: str, said: str) -> None:
    """When, by which route, and why not."""
    project.configure(ALL)

    assert said in explained(project, *words)[channel]


def test_silences_and_maintenance_hold_back_and_are_named(project: Project) -> None:
    """One after the other, each with its end; a silence counts at the time it is for."""
    project.configure(ALL + '[[tocsin.maintenance]]\nmatch = ["pipeline=other"]\nwhen = ["mon 14:30-16:00"]\n')
    project.says("silence", "add", "pipeline=other", "--for", "2h", "--reason", "moving")

    said = explained(project, "--pipeline", "other")["ops, pager, mail"]

    first, _, rest = said.partition("; held back: silenced (silence ")
    assert first == "23 Nov 2026 16:00:00 UTC, after 3 h"
    assert " of ada: moving) until 23 Nov 2026 15:00:00 UTC, then maintenance (" in rest
    assert rest.endswith(") until 23 Nov 2026 16:00:00 UTC; again every 4 h")
    assert explained(project, "--pipeline", "other", "--at", "2026-11-24T14:00Z")["ops, pager, mail"].startswith(
        "at once"
    )


def test_a_channel_that_cannot_be_used_says_why(project: Project) -> None:
    """Where a route leads to no other one, every channel hears, and that is said."""
    project.configure(ALL + '[tocsin.channels.hook]\ntype = "webhook"\n[[tocsin.routes]]\nchannels = ["hook"]\n')

    said = project.says("route", "explain", "--pipeline", "other")

    assert "hook:  it cannot be used: url is missing, for example https://" in said
    assert "ops, pager, mail:  at once; again every 4 h\n" in said
    assert "warning: The route leads to no channel that can be used, so every other one hears.\n" in said


def test_a_channel_that_was_disabled_says_so(project: Project) -> None:
    """It would be told, and what it does not deliver goes to others."""
    project.configure(CHANNELS)
    project.report(run())
    project.says("tick")
    with project.writing() as tx:
        known = tx.channel_state("ops")
        tx.save_channel_state(replace(known, disabled_at=at(0), disabled_because="gone"))

    said = explained(project, "--pipeline", "other")["ops"]

    assert "but at present it is disabled (1 h ago: gone), and what it does not deliver goes to others" in said


def test_nobody_is_said_loudly(project: Project) -> None:
    """A route that never tells escalates nothing either."""
    project.configure(CHANNELS + '[[tocsin.routes]]\nchannels = ["ops"]\nescalate = ["5m pager"]\nmute = ["mon-sun"]\n')

    said = project.says("route", "explain", "--pipeline", "other")

    assert "\nerror: Nobody.\n" in said
    assert "ops:    held back for a year and more: the route does not tell at this time (route 1)\n" in said
    assert "pager:  it is added where nobody acknowledges what others were told, and nobody is told\n" in said
    assert "mail:   route 1 does not name it\n" in said


def test_the_answer_for_programs(project: Project) -> None:
    """Times are absolute, and lengths are seconds."""
    project.configure(ALL)

    found = project.json("route", "explain", "--pipeline", "billing", "--at", "2026-11-24T03:00Z")

    assert (found["at"], found["fallback"]) == ("2026-11-24T03:00:00+00:00", False)
    assert found["labels"]["owner"] == "finance"
    assert found["routes"] == [{"name": "money", "conditions": ['tags="money"']}]
    ops, pager = found["heard"]
    assert ops == {
        "channel": "ops",
        "state": "not tried",
        "route": "money",
        "reason": "new problem",
        "at": "2026-11-24T03:00:00+00:00",
        "waits_seconds": 20.0,
        "group": {"owner": "finance"},
        "muted": [],
        "repeat_every_seconds": 14400.0,
    }
    assert (pager["channel"], pager["at"], pager["reason"]) == (
        "pager",
        "2026-11-24T03:15:00+00:00",
        "nobody has acknowledged it",
    )
    (mail,) = found["unheard"]
    assert (mail["channel"], mail["why"][0]) == ("mail", "money does not name it")


@pytest.mark.parametrize(
    ("words", "kind", "topic"),
    [
        (["--pipeline", "orders"], "failed", "delivery"),
        (["--pipeline", "orders", "--check", "sums"], "check", "check"),
        (["--pipeline", "orders", "--check", "sums", "--kind", "check_error"], "check_error", "check"),
        (["--pipeline", "orders", "--kind", "stale"], "stale", "freshness"),
        (["--channel", "ops"], "channel", "channel"),
    ],
)
def test_the_topic_follows_from_the_kind(project: Project, words: list[str], kind: str, topic: str) -> None:
    """Routes may ask for either."""
    project.configure(CHANNELS)

    labels = project.json("route", "explain", *words)["labels"]

    assert (labels["kind"], labels["topic"]) == (kind, topic)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what has the problem: --pipeline NAME, or --channel NAME"),
        (["--pipeline", "a", "--channel", "b"], "say what has the problem: --pipeline NAME, or --channel NAME"),
        (["--pipeline", "a", "--at", "soon"], "--at 'soon' is no moment; write for example"),
        (["--pipeline", "a", "--at", "25:00"], '--at 25:00: no moment; write for example "18:00"'),
    ],
)
def test_what_cannot_be_asked_says_what_to_type(project: Project, words: list[str], said: str) -> None:
    """The exit code is that of a usage error."""
    result = project.tocsin("route", "explain", *words)

    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        # One that is not named, late, by hours, by a group.
        (
            'alert = ["pipeline=billing"]\nreaches = ["mail"]',
            (
                "reaches: mail does not hear of it: money does not name it; daytime does, but money comes first and "
                "does not go on"
            ),
        ),
        (
            'alert = ["pipeline=billing"]\nreaches = ["pager"]',
            "reaches: pager hears of it only after 15 min 20 s, by money (nobody has acknowledged it)",
        ),
        (
            'alert = ["pipeline=billing"]\nreaches = ["ops"]\nwithin = "10s"',
            "reaches: ops hears of it only after 20 s, by money (new problem)",
        ),
        (
            'alert = ["pipeline=stock"]\nat = "sun 03:00"\nreaches = ["mail"]\nwithin = "1h"',
            (
                "reaches: mail hears of it only after 1 d 5 h, by daytime (new problem); held back: the route does not "
                "tell at this time (daytime) until 30 Nov 2026 08:00:00 UTC"
            ),
        ),
        # Those that hear and are not to.
        (
            'alert = ["pipeline=billing", "tags=x", "owner=shop"]\nreaches_not = ["mail"]',
            "reaches_not: mail hears of it: at once, by daytime (new problem)",
        ),
        (
            'alert = ["pipeline=billing"]\nreaches_not = ["pager"]\nwithin = "1h"',
            "reaches_not: pager hears of it: after 15 min 20 s, by money (nobody has acknowledged it)",
        ),
    ],
)
def test_an_expectation_that_does_not_hold_fails_the_check(project: Project, expect: str, said: str) -> None:
    """The line names the expectation and the reason, and the exit code is 2."""
    project.configure(ALL + f"[[tocsin.expect]]\n{expect}\n")

    result = project.tocsin("config", "check")

    assert result.exit_code == 2
    assert result.stdout == f".dlt/config.toml: tocsin.expect[1].{said}\n"


def test_expectations_that_hold_are_counted(project: Project) -> None:
    """With a length of time what is awaited counts, without one only what comes at once or with its group."""
    project.configure(
        ALL
        + '[[tocsin.expect]]\nalert = ["pipeline=billing"]\nreaches = ["ops"]\nreaches_not = ["pager", "mail"]\n'
        + '[[tocsin.expect]]\nalert = ["pipeline=billing"]\nreaches = ["ops", "pager"]\nwithin = "16m"\n'
        + '[[tocsin.expect]]\nalert = ["pipeline=stock"]\nat = "sun 03:00"\nreaches_not = ["mail"]\n'
        + '[[tocsin.expect]]\nalert = ["channel=ops"]\nreaches = ["mail"]\nreaches_not = ["ops"]\n'
    )

    assert project.says("config", "check").endswith(", 3 channels, 4 expectations met: all good\n")
    assert not (project.home / "tocsin.db").exists()


def test_what_is_doubtful_is_a_warning(project: Project) -> None:
    """It is told, and the exit code stays 0."""
    project.configure(ALL + '[tocsin.owners]\ndata = "mail"\n')

    warning, last = project.says("config", "check").splitlines()

    assert warning.startswith(
        "warning: .dlt/config.toml: tocsin.owners.data: no pipeline has this owner, and no check; "
    )
    assert last.endswith(", 3 channels: 1 warning")
