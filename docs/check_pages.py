"""Look at the built pages in headless Chromium: is anything cut off, broken, missing or too small.

python docs/check_pages.py docs/_build/html

Each page is shown as wide as on a laptop and on a phone, in the light and in the dark theme. All
pages that are written by hand are looked at, and a sample of those that are generated.
"""

import re
import shutil
import sys
from pathlib import Path

WINDOWS = {1280: 800, 390: 844}  # widths and heights, in pixels
THEMES = ("light", "dark")
LEFT_OUT = re.compile(r"_static/|_modules/|genindex|py-modindex|search\.html")
GENERATED = re.compile(r"api/generated/|gallery/plot_")
SAMPLE = slice(None, None, 10)

# Waits until the formulas are set.
SETTLE = """
const done = arguments[arguments.length - 1];
Promise.resolve(window.MathJax?.startup?.promise).then(() => done());
"""

# Returns what is wrong with a page.
LOOK = r"""
const page = document.documentElement;
const faults = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const report = (fault, where) => faults.push(`${fault}: ${where.trim().slice(0, 80)}`);
const is_laid_out_in_rows = (thing) =>
  new Set([...thing.getClientRects()].filter((box) => box.width).map((box) => box.top)).size > 1;

function* matches(tag, pattern) {  // what matches in the text of a tag, and where it is
  const texts = document.createTreeWalker(tag, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode()); )
    for (const match of text.data.matchAll(pattern)) {
      const place = document.createRange();
      place.setStart(text, match.index);
      place.setEnd(text, match.index + match[0].length);
      yield [match[0], place, text.parentElement];
    }
}

if (page.scrollWidth > page.clientWidth) {
  const outside = (tag) => tag.getBoundingClientRect().right > page.clientWidth;
  report("wider than the window", all("article *").find(outside)?.outerHTML ?? "");
}
if (page.clientWidth > 1000) {
  const longest = (text) => text.split("\n").sort((a, b) => b.length - a.length)[0];
  for (const code of all("pre"))
    if (code.scrollWidth > code.clientWidth) report("code is cut off", longest(code.innerText));
  const links = all(".bd-header-nav .nav-link, .bd-header .navbar-nav > .nav-item > *");
  const tops = links.map((link) => link.getBoundingClientRect()).filter((box) => box.width);
  if (new Set(tops.map((box) => Math.round(box.top + box.height / 2))).size > 1)
    report("navigation in several rows", all(".bd-header-nav")[0].innerText);
}
for (const cell of all("article :is(td, th, dt)"))
  for (const [name, place, tag] of matches(cell, /[A-Za-z_][\w.]+/g))
    if (is_laid_out_in_rows(place) && !tag.closest(".default_value"))  // such as a checksum
      report("a name is broken", name);
for (const image of all("article img")) {
  const is_thumbnail = image.closest(".sphx-glr-thumbcontainer");  // with its title beside it
  if (!image.complete || !image.naturalWidth) report("an image does not load", image.src);
  if (!image.alt && !is_thumbnail) report("an image without a description", image.src);
  if (is_thumbnail && image.width < 200) report("a thumbnail is small", image.src);
}
const raw = /:[a-z]+:`|\{[a-z-]+\}`|``|:::|\]\(\S+\)|\B\*\*[A-Za-z]/g;
for (const article of all("article"))
  for (const [markup, , tag] of matches(article, raw))
    if (!tag.closest("pre, code, dt, script, style")) report("markup is left over", markup);
for (const tag of all(".problematic, .system-message, mjx-merror"))
  report("an error", tag.textContent);
return faults;
"""


def pages(site):
    """Return the pages that are looked at."""
    found = [page.relative_to(site).as_posix() for page in sorted(site.rglob("*.html"))]
    found = [page for page in found if not LEFT_OUT.match(page)]
    generated = [page for page in found if GENERATED.match(page)]
    return [page for page in found if page not in generated] + generated[SAMPLE]


def open_browser():
    """Start a headless Chromium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars",
    ):  # fmt: skip
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    browser.set_script_timeout(120)  # seconds; formulas take long on a busy machine
    return browser


def faults(browser, address):
    """Return what is wrong with a page, and where it was seen first."""
    browser.get(address)
    browser.execute_async_script(SETTLE)
    found = {}
    for width, height in WINDOWS.items():
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for theme in THEMES:
            browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
            for fault in browser.execute_script(LOOK):
                found.setdefault(fault, f"{width} pixels, {theme}")
    for entry in browser.get_log("browser"):
        if entry["level"] in ("WARNING", "SEVERE"):
            found[entry["message"]] = "console"
    return found


def main(site):
    """Print what is wrong with the pages; return how many faults there are."""
    browser, n_faults = open_browser(), 0
    try:
        for page in pages(site):
            for fault, where in faults(browser, (site / page).as_uri()).items():
                print(f"{page} ({where}): {fault}")
                n_faults += 1
    finally:
        browser.quit()
    return n_faults


if __name__ == "__main__":
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        print("The pages were not looked at: Chromium and its driver are missing.")
        sys.exit()
    count = main(Path(sys.argv[1]).resolve())
    sys.exit(f"{count} faults" if count else 0)
