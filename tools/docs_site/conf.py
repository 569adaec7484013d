"""How Sphinx makes the site from docs/: `make site` writes it into build/site.

The pages are written for GitHub, and nothing in them is for Sphinx alone. What GitHub has no words for is read from
what they say anyway: the groups of docs/index.md become the navigation, `title="shop.py"` after a fence the name above
the block, and a picture `…-light.png` has a twin for the dark.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

_ROOT = Path(__file__).parents[2]

project = "Tocsin"
html_title = "Tocsin"
root_doc = "index"
extensions = ["myst_parser", "sphinx_copybutton"]

# What Pygments cannot colour, such as crontabs and quotations over several lines, is shown in black.
suppress_warnings = ["misc.highlighting_failure"]

# The depth of headings that links can lead to.
myst_heading_anchors = 4
# For the class that a picture gets below.
myst_enable_extensions = ["attrs_inline"]

html_theme = "furo"
# Furo's own for the dark underlines names of modules.
pygments_dark_style = "a11y-high-contrast-dark"
html_favicon = str(_ROOT / "src/tocsin/web/static/favicon-good.svg")
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_permalinks_icon = "#"
html_theme_options = {
    # The colours of the links on the pages of `tocsin serve`.
    "light_css_variables": {"color-brand-primary": "#0b57d0", "color-brand-content": "#0b57d0"},
    "dark_css_variables": {"color-brand-primary": "#a8c7fa", "color-brand-content": "#a8c7fa"},
}

# Of a console, what is typed is copied, without the prompt.
copybutton_prompt_text = "$ "
copybutton_exclude = ".linenos, .gp, .go"

#: A group of docs/index.md: its heading, and the list of pages below it.
_GROUP = re.compile(r"^### (.+)\n\n((?:- .*\n(?:  .*\n)*)+)", re.MULTILINE)
_PAGE = re.compile(r"^- \[([^\]]+)\]\(([^)]+)\.md\)", re.MULTILINE)
_TITLED = re.compile(r'^( *```)(\w+) title="([^"]+)"$', re.MULTILINE)
#: What Furo leaves out for those who hear the page, or go through it by keys.
_SAID = {
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    '<aside class="toc-drawer': '<aside aria-label="This page" class="toc-drawer',
    'role="heading">': 'role="heading" aria-level="2">',
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    '<th class="head"><p></p></th>': "<td></td>",
}
_PICTURE = re.compile(r"^(!\[[^\]]*\]\()(\S+)-light\.png\)$", re.MULTILINE)


def _for_sphinx(app: Sphinx, page: str, source: list[str]) -> None:
    """Say what a page means in the words of Sphinx."""
    text = _TITLED.sub(r"\1{code-block} \2\n:caption: \3", source[0])
    text = _PICTURE.sub(r"\1\2-light.png){.only-light}\n\1\2-dark.png){.only-dark}", text)
    if page == app.config.root_doc:
        for caption, group in _GROUP.findall(text):
            # The navigation knows no type but its own.
            pages = (f"{title.replace('`', '')} <{name}>" for title, name in _PAGE.findall(group))
            text += _toctree(f":caption: {caption}", "", *pages)
    elif (Path(app.srcdir) / page).is_dir():
        # channels.md tells of the pages in channels/.
        text += _toctree(":glob:", "", f"{Path(page).name}/*")
    source[0] = text


def _toctree(*lines: str) -> str:
    return "\n".join(["\n\n```{toctree}", ":hidden:", *lines, "```"])


def _for_everybody(app: Sphinx, failed: Exception | None) -> None:
    """Say in the pages what Furo leaves out; a page that says it stays as it is."""
    for page in [] if failed else Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for found, said in _SAID.items():
            text = text.replace(found, said)
        page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("source-read", _for_sphinx)
    app.connect("build-finished", _for_everybody)
