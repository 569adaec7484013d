"""What a watched command is called."""

from __future__ import annotations

import shlex

import pytest

from tocsin.capture.command import job_name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("/opt/backup.sh /data", "backup.sh"),
        ("rsync -a src/ host:dst", "rsync"),
        # An interpreter says nothing: the script does.
        ("python jobs/export.py --day 1", "export.py"),
        ("/usr/bin/python3.12 -u jobs/export.py", "export.py"),
        ("python -m shop.export", "shop.export"),
        ("bash nightly.sh", "nightly.sh"),
        # Code has no name.
        ("bash -c 'backup | gzip'", "bash"),
        ("python", "python"),
    ],
)
def test_a_job_is_called_after_its_program_or_script(typed: str, name: str) -> None:
    """A name that tells two jobs apart, without asking for one."""
    assert job_name(shlex.split(typed)) == name
