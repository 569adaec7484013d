"""The files that pages are made of: what others made, what is ours, and that nothing comes from elsewhere."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib.resources import files

from tocsin.web.assets import assets
from tocsin.web.navigation import KEYS

_WEB = files("tocsin.web")
_VENDOR = _WEB / "static" / "vendor"
_SCRIPT = (_WEB / "static" / "app.js").read_text()
#: Addresses of other servers, and those of them that are names of vocabularies and are asked for nothing.
_OTHER = re.compile(r"((?:https?:)?//[\w.-]+\.[a-z][^\s\"']*)")
_NAMES = {"http://www.w3.org/2000/svg"}


def test_what_others_made_is_as_they_made_it() -> None:
    """Each file of others has its version, source, licence and sum, and there are no others."""
    entries = tomllib.loads((_VENDOR / "VENDOR.toml").read_text()).values()

    assert {entry["file"] for entry in entries} | {entry["licence_file"] for entry in entries} | {"VENDOR.toml"} == {
        file.name for file in _VENDOR.iterdir()
    }
    for entry in entries:
        assert entry["version"] in entry["file"]
        assert hashlib.sha256((_VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"], entry["file"]
        assert len((_VENDOR / entry["licence_file"]).read_text()) > 400


def test_the_keys_that_help_tells_are_those_that_act() -> None:
    """Each key of the list has an act in the script, and the other way round; Enter opens links by itself."""
    acts = re.search(r"const acts = \{(.*?)\n  \};", _SCRIPT, re.DOTALL)
    assert acts is not None

    assert set(re.findall(r"^    \"?([^\s\":]+)\"?: \(\)", acts[1], re.MULTILINE)) == {key for key, _ in KEYS} - {
        "Enter"
    }


def test_our_own_script_stays_small() -> None:
    """All of it can be read in a few minutes."""
    assert len(_SCRIPT.splitlines()) <= 250


def test_nothing_comes_from_elsewhere() -> None:
    """No template, style, script or drawing names another server: pages work in a network that is closed."""
    ours = {name: asset.content.decode() for name, asset in assets().items() if not name.startswith("vendor/")}
    asked = {(name, url) for name, text in ours.items() for url in _OTHER.findall(text) if url not in _NAMES}
    # Templates show addresses to people, as examples of settings; they ask for those in attributes.
    templates = {file.name: file.read_text() for file in (_WEB / "templates").iterdir()}
    asked |= {(name, url) for name, text in templates.items() for url in re.findall(rf"=[\"']{_OTHER.pattern}", text)}

    assert asked == set()
