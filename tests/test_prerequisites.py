"""Which links of a page know the sections of another lab."""

from __future__ import annotations

from walkthrough.publish.prerequisites import with_sections

SECTIONS = {
    "lab-01-a/index.html": ["one", "two"],
    "lab-01-a/deep/page.html": ["b<", "c"],
    "lab-02-b/index.html": ["one", "two"],
}
LINK = '<a href="{}">Lab</a>'


def page(item: str) -> str:
    """Return a page with one prerequisite, and with links that are none."""
    first = LINK.format("../lab-01-a/index.html")
    return (
        f"<p>{first}</p>\n"
        f'<h2 id="prerequisites">Prerequisites</h2>\n<ul>\n<li>{item}</li>\n</ul>\n<p>{first}</p>\n'
        f'<h2 id="next">Next</h2>\n<ul>\n<li>{first}</li>\n</ul>\n</article>'
    )


def test_a_prerequisite_that_is_a_lab_knows_the_sections_of_its_pages() -> None:
    """By their addresses from that lab's folder; no other link of the page is changed."""
    html = page(LINK.format("../lab-01-a/index.html#top"))

    known = '{"index.html":["one","two"],"deep/page.html":["b&lt;","c"]}'.replace('"', "&quot;")
    marked = html.replace('index.html#top"', f'index.html#top" data-sections="{known}"')
    assert with_sections(html, "lab-02-b/index.html", SECTIONS) == marked


def test_all_else_stays_a_plain_link() -> None:
    """A page of a lab, the lab itself, one that has no boxes, and other sites."""
    for target in (
        "../lab-01-a/deep/page.html",
        "index.html",
        "../lab-03-c/index.html",
        "https://example.org/index.html",
    ):
        html = page(LINK.format(target))
        assert with_sections(html, "lab-02-b/index.html", SECTIONS) == html
