"""How soon the pages that play are there, and how many pictures and updates a second they show.

    python benchmarks/play.py [--seconds 3] [--json FILE]

It needs the extra `play`, selenium, Chromium and its driver. Headless Chromium draws with the
processor alone. A point is dragged in circles, with a hundred movements of the mouse a second; a
picture counts when new regions have reached the browser, which then paints before the next.
"""

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from selenium import webdriver

WATCH = """
window.counted = 0;
const source = Bokeh.documents[0].get_model_by_name("plane").renderers[0].data_source;
source.properties.data.change.connect(() => requestAnimationFrame(() => { window.counted++ }));
"""
PLACE = """
const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("plane"));
const box = view.canvas_view.el.getBoundingClientRect();
return [box.left + view.frame.x_scale.compute(arguments[0]),
        box.top + view.frame.y_scale.compute(arguments[1])];
"""
CHOSEN = """
const model = (name) => Bokeh.documents[0].get_model_by_name(name);
return [model("point_x_input").value, model("point_y_input").value];
"""
RUN = """
const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("run"));
view.el.shadowRoot.querySelector("button").click();
"""
UPDATES = 'return Bokeh.documents[0].get_model_by_name("updates").text'


def open_browser():
    """Start a headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1280,1000"):
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def start_server():
    """Start the server; return its process and address."""
    command = [sys.executable, "-m", "sk231n.play", "--port", "0", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return server, re.search(r"http\S+", server.stdout.readline())[0]


def open_page(browser, address):
    """Open a page and wait until it can be used."""
    browser.get(address)
    ready = "return document.documentElement.dataset.ready"
    while browser.execute_script(ready) != "yes":
        time.sleep(0.01)


def mouse(browser, kind, x, y):
    """Send an event of the mouse."""
    event = {"type": f"mouse{kind}", "x": x, "y": y, "button": "left", "clickCount": 1}
    browser.execute_cdp_cmd("Input.dispatchMouseEvent", event | {"buttons": 1})


def pictures_per_second(browser, seconds):
    """Drag the chosen point in circles; return how many pictures of the regions were shown."""
    x, y = browser.execute_script(CHOSEN)
    browser.execute_script(WATCH)
    mouse(browser, "Pressed", *browser.execute_script(PLACE, x, y))
    start = time.perf_counter()
    n_movements = 0
    while (now := time.perf_counter() - start) < seconds:
        angle = 2 * math.pi * now
        x, y = browser.execute_script(PLACE, 0.4 * math.cos(angle), 0.4 * math.sin(angle))
        mouse(browser, "Moved", x, y)
        n_movements += 1
        time.sleep(max(0, start + n_movements / 100 - time.perf_counter()))
    counted = browser.execute_script("return window.counted")
    mouse(browser, "Released", x, y)
    return counted / seconds


def updates_per_second(browser, seconds):
    """Run the linear page; return how many updates a second it takes and shows."""
    browser.execute_script(RUN)

    def shown():
        return int(browser.execute_script(UPDATES).split()[0].replace(",", ""))

    time.sleep(0.5)
    start, before = time.perf_counter(), shown()
    time.sleep(seconds)
    return (shown() - before) / (time.perf_counter() - start)


def main():
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        print("not measured: Chromium and its driver are missing")
        return
    browser = open_browser()
    result = {}
    for page in ("", "knn", "linear", "network"):
        start = time.perf_counter()
        server, address = start_server()
        try:
            if page:
                open_page(browser, address + page)
            else:
                browser.get(address)
            result[f"seconds to /{page}"] = time.perf_counter() - start
            if page:
                target = address + page + ("?epochs=0" if page == "network" else "")
                open_page(browser, target + ("?count=60" if page == "knn" else ""))
                time.sleep(0.5)
                result[f"pictures a second of /{page}"] = pictures_per_second(
                    browser, arguments.seconds
                )
            if page == "linear":
                result["updates a second"] = updates_per_second(browser, arguments.seconds)
        finally:
            server.terminate()
            server.wait()
    browser.quit()
    for name, value in result.items():
        print(f"{name}: {value:.3g}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
