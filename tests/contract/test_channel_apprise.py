"""The real Apprise against a receiver on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from receiver import Receiver, answer, silence
from sample_messages import ACKNOWLEDGED, DIED, FAILED, HOSTILE, LONG, NOTE, PARTIAL, RECOVERED
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.registry import check_settings, make_channel
from tocsin.core.message import Message
from tocsin.errors import DeliveryError

# Apprise looks for what old Pythons have; it brings what new ones lack.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TOKEN = "s3cr3t-t0ken"


def to(receiver: Receiver, options: str = "") -> Channel:
    """Return a channel to Apprise's simplest service: JSON over HTTP."""
    return make_channel("apprise", {"url": f"json://localhost:{receiver.port}/{TOKEN}{options}"})


def test_text_arrives(receiver: Receiver) -> None:
    """The service gets title and text; nobody can say more about its answer than that it took them."""
    receipt = to(receiver).send(Outgoing(key="k1", message=FAILED))
    assert receipt.answer == "JSON took it, says Apprise"
    got = receiver.last.json
    assert got["title"] == "✕ orders failed: the API of the shop is not available"
    assert got["message"].startswith("What: extract of resource orders → postgres")
    assert got["attachments"] == []
    assert receiver.last.target == f"/{TOKEN}"


@pytest.mark.parametrize(
    ("message", "look"),
    [
        (DIED, "failure"),
        (FAILED, "failure"),
        (PARTIAL, "warning"),
        (NOTE, "info"),
        (ACKNOWLEDGED, "info"),
        (RECOVERED, "success"),
    ],
)
def test_look(message: Message, look: str, receiver: Receiver) -> None:
    """Apprise is told how the message looks."""
    to(receiver).send(Outgoing(key="k1", message=message))
    assert receiver.last.json["type"] == look


def test_hostile_text_is_harmless(receiver: Receiver) -> None:
    """Nothing from outside mentions anybody or hides a link, in any service: an invisible gap breaks it."""
    to(receiver).send(Outgoing(key="k1", message=HOSTILE))
    said = receiver.last.json["title"] + receiver.last.json["message"]
    for live in ("@everyone", "<!channel>", "<!here>", "<@U12345>", "<https:", "[docs](", "<b>"):
        assert live not in said
    assert "@\u200beveryone" in said
    assert "<\u200b!channel>" in said


def test_slack_over_apprise_is_harmless(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apprise's own Slack service gets no mention that Slack would act on, after all of Apprise's escaping."""
    import apprise.plugins.slack

    monkeypatch.setattr(apprise.plugins.slack.NotifySlack, "webhook_url", f"http://localhost:{receiver.port}")
    receiver.answers(answer(200, "ok"))
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"
    make_channel("apprise", {"url": url}).send(Outgoing(key="k1", message=HOSTILE))
    body = receiver.last.body.decode()
    for live in ("@everyone", "<!channel>", "<!here>", "<@U12345>", "https://github.com/caronc"):
        assert live not in body


def test_long_text_is_cut_for_the_service(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service with little room gets a text that says how much is left out."""
    import apprise.plugins.custom_json

    monkeypatch.setattr(apprise.plugins.custom_json.NotifyJSON, "body_maxlen", 600)
    to(receiver).send(Outgoing(key="k1", message=LONG))
    assert len(receiver.last.json["message"]) <= 450
    assert "characters left out" in receiver.last.json["message"]


@pytest.mark.parametrize("options", ["", "?optional=yes"])
def test_refusal_is_tried_again(options: str, receiver: Receiver) -> None:
    """A refusal is told as far as Apprise tells it, without the address, even where it is called optional."""
    receiver.answers(answer(401, "who are you"))
    with pytest.raises(DeliveryError, match="JSON did not take the message, says Apprise") as caught:
        to(receiver, options).send(Outgoing(key="k1", message=FAILED))
    assert "401" in caught.value.answer
    assert TOKEN not in f"{caught.value.answer}{caught.value}{caught.value.hint}"
    assert (caught.value.permanent, caught.value.ambiguous) == (False, False)


def test_service_that_says_nothing(receiver: Receiver) -> None:
    """A service that does not answer is not waited for beyond the budget."""
    receiver.answers(silence)
    with pytest.raises(DeliveryError, match="says Apprise") as caught:
        to(receiver).send(Outgoing(key="k1", message=FAILED, budget=0.5))
    assert not caught.value.permanent


def test_unknown_service() -> None:
    """An address that Apprise cannot use is told without its secret part."""
    with pytest.raises(DeliveryError, match="Apprise knows no service at pigeon://…") as caught:
        make_channel("apprise", {"url": f"pigeon://{TOKEN}"}).send(Outgoing(key="k1", message=FAILED))
    assert caught.value.permanent
    assert TOKEN not in str(caught.value)


def test_local_files_are_left_alone(receiver: Receiver, tmp_path: Path) -> None:
    """Neither a message nor the address makes Apprise read a file."""
    path = tmp_path / "file.txt"
    path.write_text("content of a local file", encoding="utf-8")
    channel = to(receiver, f"?attach={path}&template={path}")
    channel.send(Outgoing(key="k1", message=Message(title=f"file://{path}", tone=NOTE.tone, at=NOTE.at)))
    assert b"content of a local file" not in receiver.last.body


@pytest.mark.parametrize("url", ["no address", "json://a/ json://b/", "json://a/,json://b/"])
def test_problem_of_an_address(url: str) -> None:
    """What is not one address is told, and not repeated."""
    assert check_settings("apprise", {"url": url})[1] == [
        "url is not one address of Apprise, such as ntfys://ntfy.example.com/alerts"
    ]


def test_apprise_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the configuration and a message say what to type."""
    channel = make_channel("apprise", {"url": "json://localhost"})
    typed = 'apprise is not installed; type: pip install "dlt-tocsin[apprise]"'
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(DeliveryError) as caught:
        channel.send(Outgoing(key="k1", message=FAILED))
    assert (str(caught.value), caught.value.permanent) == (typed, True)
    monkeypatch.delitem(sys.modules, "apprise")
    monkeypatch.setattr("tocsin.channels.apprise.find_spec", lambda _: None)
    assert check_settings("apprise", {"url": "json://localhost"})[1] == [typed]


def test_apprise_is_loaded_late() -> None:
    """Whoever uses another channel does not wait for Apprise."""
    program = "import sys, tocsin.channels.registry; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
