"""`tocsin key` and `tocsin user`."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from click.testing import Result

from cli_project import Project
from made import at
from tocsin.core.token import fits
from tocsin.web.access.passwords import is_right

PASSWORD = "correct horse battery"


def create(project: Project, *words: str) -> Result:
    """Make a key that reports runs."""
    return project.tocsin("key", "create", "--name", "orders", "--scope", "ingest", *words)


def add(project: Project, *words: str, password: str = PASSWORD) -> Result:
    """Add Ann, whose password comes from a pipe."""
    words = words or ("ann", "--role", "act")
    return project.tocsin("user", "add", *words, "--password-stdin", typed=f"{password}\n")


def audit(project: Project) -> list[tuple[str, str, str, str]]:
    """Return who did what, oldest first."""
    with project.writing() as tx:
        return [(each.actor, each.action, each.subject, each.detail) for each in reversed(tx.audit())]


def test_a_key_is_shown_once(project: Project) -> None:
    """Its text stands alone on stdout, all else on stderr, and the store does not have it."""
    made = create(project, "--environment", "prod", "--expires", "90d")
    assert made.exit_code == 0
    text = made.stdout.strip()
    assert re.fullmatch(r"tocsin_[0-9a-f]{12}_[\w-]{43}", text)
    key_id = text.split("_")[1]
    assert made.stderr.startswith(f"key {key_id} (orders): ingest in prod, until 2027-02-21 13:00:00 UTC\n")
    assert "This is the only time that it is shown." in made.stderr
    (listed,) = project.json("key", "list")
    assert text[20:] not in str(listed) + project.says("key", "list")
    assert (listed["id"], listed["state"], listed["environments"]) == (key_id, "active", ["prod"])
    with project.writing() as tx:
        key = tx.api_key(key_id)
    assert key is not None
    assert fits(text, key.hash)
    assert audit(project) == [("ada", "key create", key_id, "orders: ingest in prod")]


def test_a_key_that_pings_comes_with_a_line_for_the_crontab(project: Project) -> None:
    """It is for the configured environment unless another is named, and the line has the server's address."""
    project.configure('[tocsin.serve]\npublic_url = "https://tocsin.example.com"\n')
    made = project.tocsin("key", "create", "--name", "cron", "--scope", "ping")
    assert made.exit_code == 0
    text = made.stdout.strip()
    assert "(cron): ping in default\n" in made.stderr
    assert (
        f"  0 6 * * * /usr/local/bin/backup; curl -fsS -m 10 --retry 3 -o /dev/null "
        f"https://tocsin.example.com/ping/{text}/backup/$?\n"
    ) in made.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--scope", "ingest"],
            "a key that pings stands in addresses, and those stand in logs: it may do nothing else",
        ),
        (["--environment", "a", "--environment", "b"], "a ping does not say its environment, its key does: name one"),
    ],
)
def test_a_key_that_pings_is_for_nothing_else(project: Project, words: list[str], said: str) -> None:
    """It stands in addresses, and so it opens no more than one environment to pings."""
    made = project.tocsin("key", "create", "--name", "cron", "--scope", "ping", *words)
    assert made.exit_code == 2
    assert said in " ".join(made.stderr.split())
    assert project.json("key", "list") == []


def test_a_key_as_json(project: Project) -> None:
    """A program that makes keys gets the text in a field."""
    document = project.json("key", "create", "--name", "bot", "--scope", "read", "--scope", "act", "--by", "eve")
    assert document["key"].startswith(f"tocsin_{document['id']}_")
    assert (document["scopes"], document["environments"], document["created_by"]) == (["read", "act"], None, "eve")
    assert (document["created_at"], document["expires_at"]) == (at(60).isoformat(), None)


def test_keys_are_listed_with_their_state(project: Project) -> None:
    """Those that open nothing any more stay in the list, with the reason."""
    assert project.says("key", "list").startswith("There is no key. Make one: tocsin key create")
    create(project, "--expires", "1h")
    project.tocsin("key", "create", "--name", "old", "--scope", "read")
    project.says("key", "revoke", "old", "--by", "eve")
    project.now += timedelta(hours=1)
    listed = {each["name"]: each for each in project.json("key", "list")}
    assert [listed[name]["state"] for name in ("orders", "old")] == ["expired", "revoked"]
    assert listed["old"]["revoked_by"] == "eve"
    table = project.says("key", "list")
    assert "all environments" in table
    assert "never" in table


def test_a_key_is_revoked_by_name_or_id(project: Project) -> None:
    """A second time there is nothing to do, and the audit trail has it once."""
    key_id = create(project).stdout.split("_")[1]
    assert project.says("key", "revoke", "orders") == f"revoked by ada: key {key_id} (orders)\n"
    again = project.says("key", "revoke", key_id[:6], "--by", "eve")
    assert again == f"nothing to do, ada revoked it at 2026-11-23 13:00:00 UTC: key {key_id} (orders)\n"
    assert [entry[:3] for entry in audit(project)][1:] == [("ada", "key revoke", key_id)]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["key", "create", "--name", "orders", "--scope", "ingest"], 2, "a key called 'orders' can be used already"),
        (["key", "create", "--name", " ", "--scope", "ingest"], 2, "a key needs a name of 1 to 100 characters"),
        (["key", "create", "--name", "a", "--scope", "ingest", "--expires", "soon"], 2, "--expires soon: not a length"),
        (["key", "create", "--name", "a", "--scope", "ingest", "--expires", "0s"], 2, "would have expired already"),
        (["key", "create", "--name", "a", "--scope", "ingest", "--expires", "9999999d"], 2, "--expires 9999999d: "),
        (["key", "create", "--name", "a", "--scope", "root"], 2, "'root' is not one of"),
        (["key", "create", "--name", "a"], 2, "Missing option '--scope'"),
        (["key", "revoke", "x"], 1, "no key is called 'x' or has an id that begins so; there are: "),
        (["key", "revoke", ""], 1, "no key is called ''"),
        (["user", "password", "eve", "--password-stdin"], 1, "there is no user 'eve'; there are: ann"),
        (["user", "disable", "eve"], 1, "there is no user 'eve'; there are: ann"),
        (["user", "add", "ann", "--role", "read", "--password-stdin"], 2, "there is a user ann already; to change"),
        (["user", "add", "a b", "--role", "read", "--password-stdin"], 2, "'a b' cannot be the name of a user"),
        (["user", "role", "ann", "root"], 2, "'root' is not one of"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(project: Project, words: list[str], code: int, says: str) -> None:
    """Each refusal says what was found and what to write."""
    create(project)
    add(project)
    refused = project.tocsin(*words, typed=f"{PASSWORD}\n")
    assert (refused.exit_code, says in " ".join(refused.output.split())) == (code, True), refused.output


def test_more_than_one_key_is_meant(project: Project) -> None:
    """The beginning of an id that fits several is not enough."""
    names = [f"k{number}" for number in range(17)]
    ids = [project.json("key", "create", "--name", name, "--scope", "read")["id"] for name in names]
    # Of 17 ids two begin with the same of 16 digits.
    first = next(key_id[0] for key_id in ids if sum(other[0] == key_id[0] for other in ids) > 1)
    refused = project.tocsin("key", "revoke", first)
    assert (refused.exit_code, "give more of the id" in refused.output) == (1, True)


def test_a_user_is_added(project: Project) -> None:
    """The name is lower case, the password hashed with its salt, and the list says the role."""
    assert project.says("user", "list") == "There is no user. Add one: tocsin user add ann --role admin\n"
    assert add(project, "Ann", "--role", "act").stdout == "added by ada: user ann, role act\n"
    assert project.json("user", "list") == [
        {
            "name": "ann",
            "role": "act",
            "logs_in_by": "password",
            "disabled": False,
            "created_at": at(60).isoformat(),
        }
    ]
    assert re.search(r"ann +act +password +active +2026-11-23 13:00", project.says("user", "list"))
    with project.writing() as tx:
        user = tx.user("ann")
    assert user is not None
    assert user.password_hash is not None
    # OWASP: argon2id, 19 MiB and 2 rounds at least.
    match = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$", user.password_hash)
    assert match
    assert int(match[1]) >= 19 * 1024
    assert int(match[2]) >= 2
    assert is_right(PASSWORD, user.password_hash)
    assert not is_right(PASSWORD + "x", user.password_hash)
    assert not is_right("", None)


def test_a_password_is_asked_for_twice(project: Project) -> None:
    """Two that differ are asked for again; none of them is shown."""
    typed = f"{PASSWORD}\nsomething else\n{PASSWORD}\n{PASSWORD}\n"
    added = project.tocsin("user", "add", "ann", "--role", "admin", typed=typed)
    assert (added.exit_code, PASSWORD in added.output) == (0, False)
    assert "The two entered values do not match" in added.output


@pytest.mark.parametrize(
    ("password", "says"), [("short", "has 5 characters; it needs 12"), ("x" * 2000, "1024 at most")]
)
def test_a_password_has_a_length(project: Project, password: str, says: str) -> None:
    """Short ones are guessed, long ones only cost time."""
    refused = add(project, password=password)
    assert (refused.exit_code, says in refused.output) == (2, True)
    assert project.json("user", "list") == []


def test_a_user_is_changed(project: Project) -> None:
    """Password, role, and whether they may come in; each stands in the audit trail with who did it."""
    add(project)
    changed = project.tocsin("user", "password", "ANN", "--password-stdin", typed="another password\n")
    assert changed.stdout == "changed by ada: the password of user ann, whose sessions are over\n"
    assert project.says("user", "role", "ann", "admin") == "changed by ada: user ann has the role admin\n"
    assert project.says("user", "disable", "ann", "--by", "eve") == (
        "disabled by eve: user ann, whose sessions are over\n"
    )
    assert project.json("user", "list")[0]["disabled"] is True
    assert "disabled" in project.says("user", "list")
    assert project.says("user", "enable", "ann") == "enabled by ada: user ann\n"
    with project.writing() as tx:
        user = tx.user("ann")
    assert user is not None
    assert is_right("another password", user.password_hash)
    assert [(entry[0], entry[1]) for entry in audit(project)] == [
        ("ada", "user add"),
        ("ada", "user password"),
        ("ada", "user role"),
        ("eve", "user disable"),
        ("ada", "user enable"),
    ]


def test_the_secret_of_a_provider_is_not_shown(project: Project) -> None:
    """`tocsin config show` says that there is one."""
    project.configure('[tocsin.oidc]\nclient_id = "tocsin"\nclient_secret = "made-up"\n', file="secrets.toml")
    shown = project.says("config", "show")
    assert "tocsin.oidc.client_id" in shown
    assert "made-up" not in shown
    assert re.search(r"tocsin\.oidc\.client_secret\s+\(secret\)", shown)


def test_what_people_do_to_alerts_is_in_the_audit_trail(project: Project) -> None:
    """Who acknowledged, silenced and ended a silence, from the command line."""
    silence = ["silence", "add", "pipeline=orders", "--for", "2h", "--reason", "moving"]
    project.says(*silence, "--author", "eve")
    (made,) = project.json("silence", "list")
    project.says("silence", "end", made["id"])
    assert audit(project) == [
        ("eve", "silence add", made["id"], 'pipeline="orders": moving'),
        ("ada", "silence end", made["id"], 'pipeline="orders": moving'),
    ]
    with project.writing() as tx:
        assert {entry.origin for entry in tx.audit()} == {"command line"}
