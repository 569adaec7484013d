"""What the pages count on in the htmx that is shipped; run these first when it is to be a newer one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tocsin.web.assets import assets
from tocsin.web.headers import _POLICY

_BASE = (files("tocsin.web") / "templates" / "base.html").read_text()
_META = re.findall(r"<meta name=\"htmx-config\".*>", _BASE)[0]
#: How the live part of a page is fetched, without its address.
_LIVE = re.findall(r"(hx-trigger=\"refresh from:body\".*)>", _BASE)[0]
_HTMX = next(asset for name, asset in assets().items() if name.startswith("vendor/htmx"))
_SITE = "http://site.test"


class Site:
    """A page whose live part is something else each time that it is asked for."""

    def __init__(self, page: Page) -> None:
        """Answer what `page` asks for; nothing leaves the browser."""
        self.page = page
        self._content = ""
        self.status = 200
        page.route("**/*", self._answer)

    def show(self, content: str) -> None:
        """Open the page."""
        self._content = content
        self.page.goto(f"{_SITE}/")

    def refresh(self, content: str = "", *, status: int = 200) -> None:
        """Let the page fetch itself anew, and wait until htmx is done with the answer."""
        self._content, self.status = content, status
        self.page.evaluate(
            """() => new Promise((done) => {
                document.addEventListener("htmx:finally:request", () => setTimeout(done, 50), { once: true });
                document.body.dispatchEvent(new Event("refresh"));
            })"""
        )

    def _answer(self, route: Route) -> None:
        if route.request.url.endswith("/htmx.js"):
            route.fulfill(body=_HTMX.content, content_type="text/javascript")
            return
        body = f"""<!doctype html><html lang="en"><head><title>Site</title><link rel="icon" href="data:,">{_META}
            <script src="/htmx.js" defer></script></head>
            <body><div id="live" hx-get="/" {_LIVE}>{self._content}</div></body></html>"""
        headers = {"Content-Security-Policy": _POLICY}
        route.fulfill(status=self.status, body=body, content_type="text/html", headers=headers)


@pytest.fixture
def site(chromium: Browser) -> Iterator[Site]:
    """Open a page under the policy of the server; the browser complains of nothing but what is answered as an error."""
    page = chromium.new_page(viewport={"width": 800, "height": 400})
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Site(page)
    page.close()
    assert [text for text in complaints if "the server responded with a status of" not in text] == []


def test_a_refresh_shows_what_is_new(site: Site) -> None:
    """An event of our own on the body fetches the page, and its live part takes the place of the old one."""
    site.show("<p>old</p>")
    site.refresh("<p>new</p>")

    expect(site.page.locator("#live p")).to_have_text("new")


def test_a_refresh_keeps_the_focus_and_the_place(site: Site) -> None:
    """Who has gone to a link far below stays there."""
    rows = "".join(f'<p><a id="row{number}" href="/{number}">row {number}</a></p>' for number in range(60))
    site.show(rows)
    site.page.locator("#row40").focus()
    before = site.page.evaluate("scrollY")
    site.refresh(rows.replace("row 3<", "row three<"))

    expect(site.page.get_by_role("link", name="row three")).to_be_attached()
    expect(site.page.locator("#row40")).to_be_focused()
    assert before == site.page.evaluate("scrollY") > 0


def test_a_refresh_keeps_what_was_typed(site: Site) -> None:
    """A field inside of the live part keeps its text and its cursor."""
    field = '<label>Name <input id="name" name="name"></label>'
    site.show(f"<p>old</p>{field}")
    site.page.get_by_label("Name").fill("half a wo")
    site.refresh(f"<p>new</p>{field}")

    expect(site.page.locator("#live p")).to_have_text("new")
    expect(site.page.get_by_label("Name")).to_have_value("half a wo")
    expect(site.page.get_by_label("Name")).to_be_focused()


@pytest.mark.parametrize(("attributes", "stays"), [('id="more" hx-preserve', True), ('id="more"', False)])
def test_a_refresh_closes_details_unless_they_are_preserved(site: Site, attributes: str, *, stays: bool) -> None:
    """This is why details have hx-preserve."""
    details = f"<details {attributes}><summary>More</summary><p>inside</p></details>"
    site.show(f"<b>old</b>{details}")
    site.page.get_by_text("More").click()
    site.refresh(f"<b>new</b>{details}")

    expect(site.page.locator("#live b")).to_have_text("new")
    expect(site.page.get_by_text("inside")).to_be_visible(visible=stays)


@pytest.mark.parametrize("status", [204, 404, 500, 503])
def test_an_answer_without_news_or_with_an_error_leaves_the_page(site: Site, status: int) -> None:
    """What was last known stays, and the next answer is shown again."""
    site.show("<p>known</p>")
    site.refresh("<p>an error</p>", status=status)
    expect(site.page.locator("#live p")).to_have_text("known")

    site.refresh("<p>well again</p>")
    expect(site.page.locator("#live p")).to_have_text("well again")


@pytest.fixture
def templates() -> dict[str, str]:
    """Return the templates by their names."""
    folder = files("tocsin.web") / "templates"
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"hx-on|\bjs:|javascript:", "the policy forbids scripts in pages"),
        (r"hx-trigger=\"[^\"]*\[", "the policy forbids what filters of triggers are run with, and polling ends"),
        (r"hx-headers|hx-vals=['\"]js", "htmx 4 inherits nothing without :inherited, and the policy forbids js:"),
        (r"<style|\sstyle=|\son\w+=", "the policy forbids styles and handlers in pages"),
        (r"<script(?! src=)", "the policy forbids scripts in pages"),
        (r"\|\s*safe\b", "what comes from outside is escaped"),
        (r"<details(?![^>]*hx-preserve)", "a refresh would close it"),
    ],
)
def test_no_template_uses_what_does_not_work(templates: dict[str, str], pattern: str, why: str) -> None:
    """The rules of the house for htmx and for the policy hold in every template."""
    assert {name for name, text in templates.items() if re.search(pattern, text)} == set(), why
