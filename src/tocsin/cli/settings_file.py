"""Text into the user's TOML files. What stands there is never re-formatted."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from tocsin.errors import ConfigError

_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]")


class SettingsFile:
    """One TOML file, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: It cannot be read, or is no TOML.
        """
        self.path = path
        try:
            # Line ends stay as they are.
            self._before = path.read_bytes() if path.exists() else b""
            self._text = self._before.decode()
            self._values = tomllib.loads(self._text)
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"{path} is no TOML, nothing was written: {error}; mend it and try again") from error

    def has(self, *keys: str) -> bool:
        """Whether the file has this table."""
        table: object = self._values
        for key in keys:
            if not isinstance(table, dict) or key not in table:
                return False
            table = table[key]
        return True

    def append(self, text: str) -> None:
        """Add tables to the end of the text; `write` writes it.

        Raises:
            ConfigError: The file says something of the same in another form, so that the addition makes no TOML.
        """
        line_end = "\r\n" if "\r\n" in self._text else "\n"
        between = "" if not self._text else line_end if self._text.endswith("\n") else line_end * 2
        longer = self._text + between + text.replace("\n", line_end)
        try:
            self._values = tomllib.loads(longer)
        except ValueError as error:
            # Only the name of the table is shown: the text may hold a secret.
            table = next(line for line in text.splitlines() if line.startswith("["))
            raise ConfigError(f"{self.path}: {table} cannot be added to what stands there; add it by hand") from error
        self._text = longer

    def without_tocsin(self) -> None:
        """Take the tables of `[tocsin]` out of the text; `write` keeps the file as it was beside the new one.

        Raises:
            ConfigError: What is left would not say the same.
        """
        kept, ours = [], False
        for line in self._text.splitlines(keepends=True):
            if header := _HEADER.match(line):
                ours = header[1].replace('"', "").split(".")[0].strip() == "tocsin"
            if not ours:
                kept.append(line)
        shorter = "".join(kept)
        rest = {key: value for key, value in self._values.items() if key != "tocsin"}
        if not _says(shorter, rest):
            raise ConfigError(f"{self.path}: the [tocsin] section cannot be told from the rest; remove it by hand")
        self._text, self._values = shorter, rest

    def write(self, *, private: bool = False) -> None:
        """Write the file; what it was before is kept beside it if anything in it was taken out.

        Args:
            private: Nobody but the owner may read it.

        Raises:
            ConfigError: It cannot be written.
        """
        data = self._text.encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not data.startswith(self._before):
                _write(self.backup, self._before, private=True)
            _write(self.path, data, private=private)
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror}") from error

    @property
    def backup(self) -> Path:
        """Where the file is kept as it was; dlt's projects keep files whose names end so out of git."""
        return self.path.with_name(f"before-tocsin-init.{self.path.name}")

    @property
    def changed(self) -> bool:
        """Whether there is something to write."""
        return self._text.encode() != self._before


def _says(text: str, values: dict[str, object]) -> bool:
    try:
        return tomllib.loads(text) == values
    except ValueError:
        return False


def _write(path: Path, data: bytes, *, private: bool) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600 if private else 0o666)
    with os.fdopen(handle, "wb") as file:
        if private:
            # The file may have been there with wider rights; they end before the secret stands in it.
            path.chmod(0o600)
        file.write(data)
        file.truncate()
