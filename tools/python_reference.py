"""The names that code may use, as Markdown: signatures, what they do, arguments and errors.

The source is read, and not imported: an integration needs a library that is not installed here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from itertools import takewhile
from pathlib import Path

import tocsin

_SOURCES = Path(tocsin.__file__).parent
_WIDTH = 88
_SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):\n((?:    .*\n?|\n)+)", re.MULTILINE)
_ENTRY = re.compile(r"^([\w*.]+): (.*(?:\n +.*)*)", re.MULTILINE)
_LABELS = {"Args": "Arguments"}
_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_names() -> str:
    """Return a section for each public name of `tocsin`, and one for each module that users import besides it."""
    parts: list[str] = []
    for name in tocsin.__all__:
        value = getattr(tocsin, name)
        if callable(value):
            parts += _name(_Source(_path(value.__module__)), name, "tocsin")
    parts += [*_module("tocsin.slack"), *_module("tocsin.testing")]
    for path in sorted((_SOURCES / "integrations").glob("[!_]*")):
        module = f"tocsin.integrations.{path.stem}"
        # What says nothing of its public names is for the others.
        if _path(module).exists() and _Source(_path(module)).exported:
            parts += _module(module)
    return "\n\n".join(parts)


def errors() -> str:
    """Return the tree of exceptions, and what each means."""
    source = _Source(_path("tocsin.errors"))
    tree = re.search(r"\n\n((?: {4}.+\n)+)", ast.get_docstring(source.tree, clean=False) or "")
    assert tree is not None  # noqa: S101  # it is drawn on top of that file
    parts = ["```text\n" + cleandoc(tree[1]) + "\n```"]
    for name in source.definitions:
        parts += [f"### {name}", *_docstring(source.definitions[name][-1])]
    return "\n\n".join(parts)


class _Source:
    """A file of source, with what it defines."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        #: Several of a name are overloads, and what they are overloads of comes last.
        self.definitions: dict[str, list[_Named]] = {}
        self.values: dict[str, ast.Assign] = {}
        for node in self.tree.body:
            if isinstance(node, _Named):
                self.definitions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Assign):
                self.values[ast.unparse(node.targets[0])] = node

    @property
    def exported(self) -> Sequence[str]:
        """The names in `__all__`."""
        listed = self.values.get("__all__")
        return () if listed is None else tuple(ast.literal_eval(listed.value))

    def comment(self, line: int) -> str:
        """Return what the comments for readers say that stand above a line, counted from 1."""
        above = takewhile(lambda text: text.lstrip().startswith("#:"), reversed(self.lines[: line - 1]))
        return " ".join(text.strip().removeprefix("#:").strip() for text in reversed([*above]))


def _path(module: str) -> Path:
    folder = _SOURCES.joinpath(*module.split(".")[1:])
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def _module(module: str) -> Iterator[str]:
    source = _Source(_path(module))
    yield f"## {module}"
    yield from _docstring(source.tree)
    for name in source.exported or [name for name in source.definitions if not name.startswith("_")]:
        home = source if name in {**source.definitions, **source.values} else _Source(_path(_home(source, name)))
        yield from _name(home, name, module, level=3)


def _home(source: _Source, name: str) -> str:
    """Return the module that a name is imported from, be it for the checker of types alone."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and name in {each.name for each in node.names}:
            return str(node.module)
    raise LookupError(f"{name} is in __all__ and neither defined nor imported there")


def _name(source: _Source, name: str, module: str, *, level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} {module}.{name}"
    if name in source.values:
        yield source.comment(source.values[name].lineno)
        return
    *overloads, node = source.definitions[name]
    signatures = [_signature(each, f"{module}.{name}") for each in overloads or [node]]
    yield "\n".join(["<!-- docs: not executed: a signature -->", "```python", *signatures, "```"])
    yield from _docstring(node)
    if isinstance(node, ast.ClassDef):
        made = _method(node, "__init__")
        if made is not None:
            yield from list(_docstring(made))[1:]
        methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]
        if methods:
            yield "**Methods**"
            yield "\n".join(map(_method_line, methods))
    for kind in re.findall(r"Unpack\[(\w+)\]", ast.unparse(node)):
        yield f"**{kind}**"
        yield "\n".join(_fields(source, kind))


def _method_line(method: ast.FunctionDef) -> str:
    is_property = any(ast.unparse(each) == "property" for each in method.decorator_list)
    arguments = "" if is_property else f"({', '.join([*_arguments(method.args)][1:])})"
    returns = f" -> {ast.unparse(method.returns)}" if method.returns else ""
    return f"- `{method.name}{arguments}{returns}`: " + next(_docstring(method)).replace("\n\n", " ")


def _signature(node: _Named, path: str) -> str:
    function = _method(node, "__init__") if isinstance(node, ast.ClassDef) else node
    arguments = list(_arguments(function.args))[isinstance(node, ast.ClassDef) :] if function else []
    returns = f" -> {ast.unparse(function.returns)}" if function is node and function and function.returns else ""
    line = f"{path}({', '.join(arguments)}){returns}"
    if len(line) <= _WIDTH:
        return line
    return f"{path}(\n" + "".join(f"    {each},\n" for each in arguments) + f"){returns}"


def _arguments(given: ast.arguments) -> Iterator[str]:
    named = [*given.posonlyargs, *given.args]
    yield from map(_argument, named, [*[None] * (len(named) - len(given.defaults)), *given.defaults])
    if given.vararg or given.kwonlyargs:
        yield f"*{ast.unparse(given.vararg) if given.vararg else ''}"
    yield from map(_argument, given.kwonlyargs, given.kw_defaults)
    if given.kwarg:
        yield f"**{ast.unparse(given.kwarg)}"


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    equals = " = " if argument.annotation else "="
    written = f"{equals}{ast.unparse(default)}".replace("'", '"') if default else ""
    return ast.unparse(argument) + written


def _method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    return next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == name), None)


def _docstring(node: _Named | ast.Module) -> Iterator[str]:
    """Yield the paragraphs of a docstring, its sections as lists."""
    text = ast.get_docstring(node) or ""
    yield _SECTION.sub("", text).strip()
    for heading, body in _SECTION.findall(text):
        yield f"**{_LABELS.get(heading, heading)}**"
        yield _ENTRY.sub(r"- `\1`: \2", cleandoc(body)) if heading not in {"Returns", "Yields"} else cleandoc(body)


def _fields(source: _Source, name: str) -> Iterator[str]:
    """Yield what a typed dictionary holds, with the comments above its keys."""
    for each in source.definitions[name][-1].body:
        if isinstance(each, ast.AnnAssign):
            comment = source.comment(each.lineno)
            yield f"- `{ast.unparse(each.target)}`: `{ast.unparse(each.annotation)}`" + (comment and f": {comment}")
