"""Check that every local link of the built pages leads to a file and an anchor that exist.

python docs/check_links.py docs/_build/html
"""

import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup


@cache
def links_and_anchors(page):
    """Return the targets of a page's links, and the names that links to it may end in."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    # From the source of a name that is public elsewhere, Sphinx links to its page, but not below.
    for tag in soup.find_all(class_="viewcode-back"):
        tag["href"] = tag["href"].partition("#")[0]
    links = [tag[name] for name in ("href", "src") for tag in soup.find_all(attrs={name: True})]
    return links, {tag["id"] for tag in soup.find_all(id=True)}


def broken_links(site):
    """Yield a page and a link of it for each that leads nowhere."""
    for page in sorted(set(site.rglob("*.html")) - set(site.glob("_static/**/*"))):
        for link in links_and_anchors(page)[0]:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (page.parent / unquote(url.path)).resolve() if url.path else page
            if not target.is_file() or (
                url.fragment
                and target.suffix == ".html"
                and unquote(url.fragment) not in links_and_anchors(target)[1]
            ):
                yield page.relative_to(site), link


if __name__ == "__main__":
    broken = list(broken_links(Path(sys.argv[1]).resolve()))
    for page, link in broken:
        print(f"{page}: {link}")
    sys.exit(f"{len(broken)} links lead nowhere" if broken else 0)
