"""Name of the file that says "an alert of this pipeline is open".

The engine writes it and removes it. The pipeline's process looks for it at the end of a run that went well: with an
open alert the good news is waited for, without one there is nothing to wait for.
"""

from __future__ import annotations

import hashlib


def marker_name(environment: str, pipeline: str) -> str:
    """Return a file name that is safe for any pipeline name."""
    return hashlib.sha256(f"{environment}\0{pipeline}".encode()).hexdigest()[:32]
