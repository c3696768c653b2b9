"""The text of a piece of HTML: its text nodes one after the other, as a browser's `textContent` has them."""

from __future__ import annotations

from html.parser import HTMLParser


class _TextNodes(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.nodes: list[str] = []

    def handle_data(self, data: str) -> None:
        self.nodes.append(data)


def text_nodes(html: str) -> str:
    """Return the text nodes of HTML put together; tags, comments and document types give nothing."""
    parser = _TextNodes()
    parser.feed(html)
    parser.close()
    return "".join(parser.nodes)
