"""HTML as a tree: text from outside is only ever the text or an attribute of an element, so it cannot become markup."""

from __future__ import annotations

from xml.etree.ElementTree import Element, tostring

Content = Element | str


def node(tag: str, *content: Content, **attributes: str) -> Element:
    """Return an element; a text stands where it is among the elements.

    Args:
        tag: Its name.
        content: What is in it, in order.
        attributes: By their names; `class_` and `aria_label` stand for what Python cannot write.
    """
    made = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    for each in content:
        if isinstance(each, Element):
            made.append(each)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + each
        else:
            made.text = (made.text or "") + each
    return made


def document(root: Element) -> str:
    """Return a whole HTML document as text."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html")
