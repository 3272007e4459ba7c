"""Every link of the documentation leads somewhere."""

import pytest

from tests.support.markdown import MarkdownPage, pages

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_names_a_file_and_a_heading_that_exist(page: MarkdownPage) -> None:
    broken = []

    for link in page.links():
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        target = MarkdownPage((page.path.parent / file).resolve() if file else page.path)
        whole = target.path.exists() and (not anchor or anchor in target.anchors())
        broken += [] if whole else [link]

    assert [] == broken


def test_every_page_under_docs_is_reachable_from_the_index() -> None:
    index = next(page for page in PAGES if page.name == "docs/index.md")
    linked = {(index.path.parent / link.partition("#")[0]).resolve() for link in index.links()}

    unlinked = [
        page.name
        for page in PAGES
        if page.name.startswith("docs/") and page is not index and page.path not in linked
    ]

    assert [] == unlinked
