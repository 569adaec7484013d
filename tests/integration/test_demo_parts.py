"""The parts of the demo: its API, its receiver, what it shows and how it judges."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from sample_messages import FAILED, PARTIAL
from tocsin.channels.formats.block_kit import payload
from tocsin.cli.demo.judgement import about, wrong_messages
from tocsin.cli.demo.patience import Late, wait_until
from tocsin.cli.demo.receiver import Received, Receiver
from tocsin.cli.demo.scenes import Expected, PlannedRun
from tocsin.cli.demo.slack_view import slack_message, visible_text
from tocsin.cli.demo.source import API_KEY, Shop, Trouble

LONG = {"type": "rich_text", "elements": [{"type": "text", "text": "a" * 3_000}]}


def get(url: str) -> tuple[list[dict[str, object]], str]:
    """Return the rows of a page and its header `Link`."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310  # our own servers
        return json.loads(answer.read()), answer.headers["Link"] or ""


def post(url: str, body: object) -> tuple[int, str]:
    """Return status and body of the answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method="POST")  # noqa: S310  # our own servers
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def shown(message: dict[str, object], width: int = 60) -> str:
    """Return the message as a terminal without colours shows it."""
    out = StringIO()
    Console(file=out, width=width, highlight=False).print(slack_message(message))
    return out.getvalue()


def received(title: str = "✕ orders failed", text: str = "503") -> Received:
    """Return a message as it was received."""
    return Received(at=datetime(2026, 11, 23, tzinfo=UTC), payload={"text": f"{title}\n{text}"})


def test_pages_are_linked() -> None:
    """Whoever follows the links gets every row once."""
    with Shop() as shop:
        rows, link = get(f"{shop.url}/orders?api_key={API_KEY}")
        while link:
            page, link = get(f"{link.partition('>')[0].removeprefix('<')}&api_key={API_KEY}")
            rows += page

    assert [row["id"] for row in rows] == list(range(1, 301))


def test_shop_wants_its_key() -> None:
    """A request without the key is refused."""
    with Shop() as shop, pytest.raises(urllib.error.HTTPError, match="401") as refused:
        get(f"{shop.url}/orders")
    refused.value.close()


def test_trouble_concerns_one_endpoint() -> None:
    """A broken endpoint answers 503 on its second page, and the others do not."""
    with Shop() as shop:
        shop.set_trouble("orders", Trouble.BROKEN)
        assert post(f"{shop.url}/orders?page=1&api_key={API_KEY}", {})[0] == 200
        assert post(f"{shop.url}/orders?page=2&api_key={API_KEY}", {})[0] == 503
        assert post(f"{shop.url}/stock?page=2&api_key={API_KEY}", {})[0] == 200


def test_preparation_ends_when_it_is_let_go() -> None:
    """An endpoint that prepares answers 202 with nothing until it is let go, and the others are not concerned."""
    with Shop() as shop:
        shop.set_trouble("exports", Trouble.PREPARING)
        shop.let_go("events")
        assert post(f"{shop.url}/exports?api_key={API_KEY}", {}) == (202, "")
        shop.let_go("exports")
        assert post(f"{shop.url}/exports?api_key={API_KEY}", {})[0] == 200


def test_more_rows_are_ten_times_as_many() -> None:
    """The last of ten times the pages comes when the endpoint is let go, and no sooner."""
    with Shop() as shop, ThreadPoolExecutor() as pool:
        shop.set_trouble("events", Trouble.MORE_ROWS)
        before_last, link = get(f"{shop.url}/events?page=29&api_key={API_KEY}")
        waiting = pool.submit(get, f"{shop.url}/events?page=30&api_key={API_KEY}")
        assert (before_last[0]["id"], "page=30" in link) == (2_801, True)
        assert wait([waiting], timeout=1).not_done
        shop.let_go("events")
        rows, link = waiting.result()

    assert (rows[-1]["id"], link) == (3_000, "")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (payload(FAILED), (200, "ok")),
        (payload(FAILED, plain=True), (200, "ok")),
        (b"{", (400, "invalid_payload")),
        ([], (400, "invalid_payload")),
        ({"blocks": []}, (400, "no_text")),
        ({"text": "a", "blocks": [{"type": "surprise"}]}, (400, "invalid_blocks")),
        # A header has 150 characters at most, and no markup.
        ({"text": "a", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "a" * 151}}]}, None),
        ({"text": "a", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "a"}}]}, None),
        ({"text": "a", "blocks": [{"type": "rich_text", "elements": [{"type": "text", "text": ""}]}]}, None),
        ({"text": "a", "blocks": [{"type": "context", "elements": [{"text": "a"}] * 11}]}, None),
        ({"text": "a", "attachments": [{"blocks": [{"type": "rich_text", "elements": []}] * 51}]}, None),
        ({"text": "a", "blocks": [LONG] * 5}, (400, "msg_blocks_too_long")),
    ],
)  # fmt: skip
def test_receiver_refuses_what_slack_refuses(body: object, answer: tuple[int, str] | None) -> None:
    """Slack's own words answer what Slack would not take, and only what it takes is kept."""
    expected = answer or (400, "invalid_blocks")
    with Receiver() as receiver:
        assert post(receiver.hook, body) == expected
        assert post(receiver.url + "/services/T0/B0/guessed", body) == (404, "no_service")

        assert len(receiver.received) == (expected[0] == 200)
        assert receiver.refused == ([] if expected[0] == 200 else [expected[1]])


def test_message_is_shown_as_slack_shows_it() -> None:
    """Title, facts beside the bar, code and links are there; long lines go on below their own beginning."""
    lines = shown(payload(FAILED)).splitlines()

    assert lines[0] == "✕ orders failed: the API of the shop is not available"
    assert all(line.startswith("▌") and len(line) <= 60 and line == line.rstrip() for line in lines[1:])
    assert lines[1:3] == ["▌ What  extract of resource orders → postgres, dataset", "▌   raw_shop; nothing was loaded"]
    assert any("Acknowledge" in line for line in lines)


def test_code_is_cut_from_its_beginning() -> None:
    """Of a long traceback the end is shown, with how much is left out; the line of the error is never cut."""
    lines = [f"line {number} of a very long traceback that was raised" for number in range(1, 10)]
    code = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "\n".join(lines)}]}
    text = shown({"blocks": [{"type": "rich_text", "elements": [code]}]}, width=30)

    assert text.splitlines() == [
        "  (4 more lines in Slack)",
        *(f"  line {number} of a very long trace…" for number in range(5, 9)),
        "  line 9 of a very long",
        "  traceback that was raised",
    ]


def test_colour_bar_has_the_colour_of_the_message() -> None:
    """The bar is painted in the colour that the payload names."""
    out = StringIO()
    Console(file=out, width=60, force_terminal=True, color_system="truecolor").print(slack_message(payload(PARTIAL)))

    assert "\x1b[38;2;224;161;0m▌" in out.getvalue()


def test_all_that_is_visible_is_searched() -> None:
    """Words that stand in any part of the message are found."""
    text = visible_text(payload(FAILED))

    assert all(words in text for words in ("orders failed", "What  extract", "pipeline.run", "Log", "alert 3f2a9c"))


@pytest.mark.parametrize(
    ("expected", "messages", "problem"),
    [
        (Expected(title="orders failed", says=("503",)), [received()], None),
        (None, [], None),
        (None, [received()], "expected silence, but “✕ orders failed” came"),
        (Expected(title="orders failed"), [], "expected “orders failed”, but no message came"),
        (Expected(title="orders failed"), [received(), received("✖ orders died")], "“✖ orders died” came as well"),
        (Expected(title="orders died"), [received()], "expected “orders died”, but “✕ orders failed” came"),
        (Expected(title="orders failed", says=("504",)), [received()], "“504” is missing in the message"),
        (Expected(title="orders failed"), [received(text=API_KEY)], "the API key of the shop stands in the message"),
    ],
)  # fmt: skip
def test_judgement(expected: Expected | None, messages: list[Received], problem: str | None) -> None:
    """Each difference between what came and what had to come is one sentence that names the pipeline."""
    planned = PlannedRun(pipeline="orders", expected=expected)

    assert wrong_messages(planned, messages) == ([f"orders: {problem}"] if problem else [])


def test_messages_belong_to_the_pipeline_in_their_title() -> None:
    """A message that only mentions a pipeline in its text is not about it."""
    ours, other = received("✕ orders failed"), received("✕ reorders failed", "after orders")

    assert about("orders", [ours, other]) == (ours,)


def test_waiting_ends() -> None:
    """What never happens is told with its name and the time it had; stopped waiting is told as that."""
    stop = threading.Event()
    with pytest.raises(Late, match=r"^waited 0 seconds in vain for the end of time$"):
        wait_until(lambda: None, "the end of time", stop=stop, ceiling=0)
    stop.set()
    with pytest.raises(Late, match=r"^stopped while waiting for the end of time$"):
        wait_until(lambda: None, "the end of time", stop=stop)
