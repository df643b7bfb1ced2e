"""Check the built pages: their links, and that no markup is left over.

Every local link leads to a file and an anchor that exist, and none in a page's own text to the page
itself.

python docs/check_links.py docs/_build/html
"""

import re
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

# What Sphinx or MyST would have turned into something else, had they seen it.
RAW_MARKUP = re.compile(
    r"(?::[a-z]+)*:[a-z]+:`|\{[a-z:-]+\}`|^\.\. [a-z-]+::|\]\(\S+\)|^:::", re.MULTILINE
)


@cache
def parsed(page):
    """Return a page as a tree."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    # From the source of a name that is public elsewhere, Sphinx links to its page, but not below.
    for tag in soup.find_all(class_="viewcode-back"):
        tag["href"] = tag["href"].partition("#")[0]
    return soup


@cache
def anchors(page):
    """Return the names that links to a page may end in."""
    return {tag["id"] for tag in parsed(page).find_all(id=True)}


def pages(site):
    """Return the pages, without those that come with the theme."""
    return sorted(set(site.rglob("*.html")) - set(site.glob("_static/**/*")))


def target_of(link, page):
    """Return the file that a link of a page leads to, or None if that is another site."""
    url = urlsplit(link)
    if url.scheme or url.netloc:
        return None
    return (page.parent / unquote(url.path)).resolve() if url.path else page


def broken_links(page):
    """Yield what is wrong with the links of a page."""
    soup = parsed(page)
    for link in [
        tag[name] for name in ("href", "src") for tag in soup.find_all(attrs={name: True})
    ]:
        target, fragment = target_of(link, page), unquote(urlsplit(link).fragment)
        if target is None:
            continue
        if not target.is_file():
            yield f"{link} leads nowhere"
        elif fragment and target.suffix == ".html" and fragment not in anchors(target):
            yield f"{link} leads to no place in {target.name}"


def links_to_itself(page):
    """Yield the links in the text of a page that lead to the page they are on.

    They come of a name that is also that of a page: a folder ``results/`` beside ``results.md``.
    """
    for article in parsed(page).find_all("article"):
        for tag in article.find_all("a", href=True):
            if target_of(tag["href"], page) == page and not urlsplit(tag["href"]).fragment:
                yield f"{tag['href']} ({tag.get_text().strip()!r}) leads to its own page"


def left_over_markup(page):
    """Yield markup that shows as text, outside of code."""
    for article in parsed(page).find_all("article"):
        for text in article.find_all(string=RAW_MARKUP):
            if not text.find_parent(["pre", "code", "script", "style"]):
                yield f"raw markup in {' '.join(text.split())[:80]!r}"


def faults(site):
    """Yield a page and what is wrong with it for each fault."""
    for page in pages(site):
        for check in (broken_links, links_to_itself, left_over_markup):
            for fault in check(page):
                yield page.relative_to(site), fault


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1]).resolve()))
    for page, fault in found:
        print(f"{page}: {fault}")
    sys.exit(f"{len(found)} faults" if found else 0)
