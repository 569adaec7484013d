"""The files that pages need: styles, script and signs. All of them come from the package, none from elsewhere."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, HTTPException, Response

#: A browser keeps for ever what has its version in its address.
_FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file, read once."""

    content: bytes
    media_type: str
    #: The beginning of the sum of its content.
    version: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return all files by their names: "app.css", "vendor/htmx-4.0.1.min.js"."""
    shared = [("pieces.css", files("tocsin.report") / "pieces.css")]
    return {name: _read(name, file.read_bytes()) for name, file in (*_files(files("tocsin.web") / "static"), *shared)}


def address(name: str) -> str:
    """Return the address of a file; it changes with the file."""
    return f"/static/{name}?v={assets()[name].version}"


@router.get("/static/{name:path}")
def asset(name: str) -> Response:
    """Return a file. Names are looked up and never made into paths."""
    found = assets().get(name)
    if found is None:
        raise HTTPException(404, f"there is no file {name[:80]!r}")
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": _FOR_EVER})


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".css", ".js", ".svg")):
            yield f"{prefix}{entry.name}", entry


def _read(name: str, content: bytes) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(content=content, media_type=media_type, version=hashlib.sha256(content).hexdigest()[:8])
