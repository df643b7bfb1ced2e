"""The pages in a real browser: headless Chromium, driven through its driver."""

import json
import shutil
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from sk231n.play import _linear_words as words
from sk231n.play._knn import NeighborsState
from sk231n.play._linear import LOSSES, LinearState
from sk231n.play._network import NetworkState
from sk231n.play._pages.static import static_page
from sk231n.play._plane import SIDE, palette
from sk231n.play._points import LabelledPoints

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")

if not (CHROMIUM and DRIVER):
    pytest.skip(
        "not run: Chromium and its driver are missing (Debian's chromium and chromium-driver)",
        allow_module_level=True,
    )

SECONDS = 60  # that anything may take on a slow machine

HELPERS = """
const model = (name) => Bokeh.documents[0].get_model_by_name(name);
const view = (name) => Bokeh.index.find_one(model(name));
const inside = (name, selector) => view(name).el.shadowRoot.querySelector(selector);
"""


class Tab:
    """A page in the browser, and what a reader does with it."""

    def __init__(self, driver):
        self.driver = driver

    def run(self, code, *arguments):
        return self.driver.execute_script(HELPERS + code, *arguments)

    def open(self, address):
        self.driver.get(address)
        self.wait("return document.documentElement.dataset.ready", "yes")
        return self

    def wait(self, code, expected, *arguments):
        """Wait until JavaScript returns what is expected."""
        end = time.monotonic() + SECONDS
        while (found := self.run(code, *arguments)) != expected:
            assert time.monotonic() < end, (code, found)
            time.sleep(0.02)

    def value(self, name):
        return self.run("return model(arguments[0]).value", name)

    def text(self, name):
        return self.run("return model(arguments[0]).text", name)

    def press(self, name):
        self.run("inside(arguments[0], 'button').click()", name)

    def focus(self, name):
        self.run("inside(arguments[0], 'input, button, select').focus()", name)

    def keys(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def type(self, name, text):
        """Type over what is in a field, and leave it."""
        self.focus(name)
        self.run("inside(arguments[0], 'input').select()", name)
        self.keys(Keys.DELETE, text, Keys.TAB)

    def choose(self, name, value):
        code = """
        const list = inside(arguments[0], "select");
        const values = model(arguments[0]).options.map(([value]) => value);
        list.selectedIndex = values.indexOf(arguments[1]);
        list.dispatchEvent(new Event("change"));
        """
        self.run(code, name, value)

    def message(self, name):
        """Return the message at a field, if it is to be seen."""
        code = """
        const column = model(arguments[0]), message = column.children.at(-1);
        return message.visible ? message.text : null;
        """
        return self.run(code, name)

    def regions(self):
        code = 'return Array.from(model("plane").renderers[0].data_source.data.image[0])'
        return np.array(self.run(code), dtype=np.uint8).reshape(SIDE, SIDE)

    def place(self, x, y):
        """Return where a place of the plane lies in the window."""
        code = """
        const { frame, canvas_view } = view("plane");
        canvas_view.el.scrollIntoView({ block: "center" });
        const box = canvas_view.el.getBoundingClientRect();
        return [box.left + frame.x_scale.compute(arguments[0]),
                box.top + frame.y_scale.compute(arguments[1])];
        """
        return self.run(code, x, y)

    def mouse(self, kind, x, y):
        at = dict(zip("xy", self.place(x, y), strict=True))
        event = {"type": f"mouse{kind}", "button": "left", "buttons": 1, "clickCount": 1}
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event | at)

    def drag(self, start, end, n_steps=8):
        self.mouse("Moved", *start)
        self.mouse("Pressed", *start)
        for step in range(1, n_steps + 1):
            self.mouse("Moved", *(np.array(start) + (np.array(end) - start) * step / n_steps))
            time.sleep(0.03)
        self.mouse("Released", *end)

    def query(self):
        return urlsplit(self.driver.current_url).query

    def settled_query(self, contains):
        """Return what follows the question mark once it contains some text."""
        self.wait("return location.search.includes(arguments[0])", True, contains)
        return self.query()

    def problems(self):
        """Return the warnings and errors of the console."""
        log = self.driver.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] in ("WARNING", "SEVERE")]


@pytest.fixture(scope="module")
def driver():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1000",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--disable-features=BackForwardCache",  # in which a page that was left would stay connected
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(SECONDS)
    yield driver
    driver.quit()


@pytest.fixture
def tab(driver):
    tab = Tab(driver)
    driver.get_log("browser")
    yield tab
    problems = tab.problems()
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    driver.get("about:blank")
    assert problems == []


@pytest.fixture(scope="module")
def address(server):
    return lambda path: f"http://127.0.0.1:{server.port}/{path}"


def assert_linear(tab, state):
    """The tab shows the regions, the numbers and the words of a state."""
    np.testing.assert_array_equal(tab.regions(), state.regions())
    chosen = tab.value("point_input") - 1
    assert tab.text("table") == words.table(state, chosen)
    for c in range(3):
        for j in range(3):
            of = state["W"][c, j] if j < 2 else state["b"][c]
            assert tab.value(f"w{c}{j}_input") == pytest.approx(of, abs=1e-4)


# All pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "knn", "linear", "network?epochs=5"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_fits_its_window_and_asks_this_server_alone(tab, address, path, width):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    tab.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    if path:
        tab.open(address(path))
        canvas = tab.run('return view("plane").canvas_view.el.getBoundingClientRect().width')
        assert canvas > 300
    else:
        tab.driver.get(address(path))
        links = "return [...document.querySelectorAll('a.card')].map((a) => a.pathname)"
        assert tab.driver.execute_script(links) == ["/knn", "/linear", "/network"]
    assert tab.driver.execute_script("return document.documentElement.scrollWidth") <= width
    loaded = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    names = tab.driver.execute_script(loaded)
    assert all(name.startswith((address(""), address("").replace("http", "ws"))) for name in names)


@pytest.mark.parametrize("path", ["knn", "linear", "network?epochs=5"])
def test_light_and_dark(tab, address, path):
    shades = 3 if "network" in path else 1
    colour = 'return model("plane").renderers[0].glyph.color_mapper.palette.map(String)'
    paper = "return getComputedStyle(document.body).backgroundColor"
    for theme, expected in (("dark", "rgb(20, 23, 28)"), ("light", "rgb(255, 255, 255)")):
        feature = {"name": "prefers-color-scheme", "value": theme}
        tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        tab.open(address(path))
        tab.wait(colour, palette(theme, shades))
        assert tab.run(paper) == expected
    tab.run("document.getElementById('theme').click()")
    tab.wait(colour, palette("dark", shades))
    tab.open(address(path))
    tab.wait(colour, palette("dark", shades))
    tab.run("localStorage.clear()")


def test_the_lines_of_python_are_copied(tab, address):
    permissions = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    tab.driver.execute_cdp_cmd("Browser.grantPermissions", permissions)
    tab.open(address("linear"))
    tab.press("copy")
    tab.wait('return model("copy").label', "Copied")
    read = (
        "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](String(error)))"
    )
    assert tab.driver.execute_async_script(read) == words.code(LinearState())


# Linear classifiers -------------------------------------------------------------------------------


def test_it_opens_on_the_notes(tab, address):
    tab.open(address("linear"))
    assert_linear(tab, LinearState())
    for total in ("0.64", "1.93", "2.57"):
        assert f">{total}</td>" in tab.text("table")


def test_a_dragged_point_changes_regions_numbers_and_address_on_the_way(tab, address):
    tab.open(address("linear"))
    tab.run("""
        window.pictures = 0;
        model("plane").renderers[0].data_source.properties.data.change.connect(
          () => { window.pictures++ });
    """)
    tab.drag((-0.4, -0.5), (0.6, 0.7))
    assert tab.run("return window.pictures") >= 3
    state = LinearState(tab.settled_query("0.6,0.7,2"))
    assert state.points.X[8].tolist() == [0.6, 0.7]
    assert_linear(tab, state)


def test_run_and_pause(tab, address):
    tab.open(address("linear?rate=0.05"))
    before = float(tab.text("table").rsplit("<td>", 1)[1].split("<")[0])
    tab.press("run")
    tab.wait('return parseInt(model("updates").text) > 40', True)
    assert tab.run('return model("run").active')
    tab.press("run")
    tab.wait('return model("run").active', False)
    state = LinearState(tab.settled_query("W="))
    assert_linear(tab, state)
    assert state.totals(state.losses(state.scores()))[2] < before
    again = LinearState("rate=0.05")
    for _ in range(int(tab.text("updates").split()[0])):
        again.update()
    np.testing.assert_array_equal(again["W"], state["W"])


def test_a_weight_is_edited_with_the_keys(tab, address):
    tab.open(address("linear"))
    tab.focus("w00_input")
    tab.keys(Keys.ARROW_UP)
    tab.wait('return model("w00_input").value', 2.16)
    state = LinearState(tab.settled_query("W="))
    assert state["W"][0, 0] == pytest.approx(2.16)
    assert_linear(tab, state)
    tab.type("w21_input", "-7")
    state = LinearState(tab.settled_query("-7"))
    assert state["W"][2, 1] == -7
    assert_linear(tab, state)


def test_a_broken_weight_gets_a_message_and_can_be_mended(tab, address):
    tab.open(address("linear"))
    tab.type("w10_input", "")
    tab.wait('return model("w10").children.at(-1).text', "This needs a number.")
    tab.type("w10_input", "12345")
    tab.wait('return model("w10").children.at(-1).text', "This goes from -1000 to 1000.")
    assert tab.message("w10") == "This goes from -1000 to 1000."
    tab.type("w10_input", "0.5")
    tab.wait('return model("w10").children.at(-1).visible', False)
    assert_linear(tab, LinearState(tab.settled_query("0.5")))


@pytest.mark.parametrize("loss", list(LOSSES)[1:])
def test_the_loss_is_switched(tab, address, loss):
    tab.open(address("linear"))
    tab.choose("loss_input", loss)
    state = LinearState(tab.settled_query(loss))
    assert state["loss"] == loss
    assert_linear(tab, state)


def test_buttons_by_keyboard(tab, address):
    tab.open(address("linear"))
    tab.focus("update")
    tab.keys(Keys.ENTER)
    tab.wait('return model("updates").text', "1 update so far")
    # From there the next button is one step of the Tab key away.
    tab.keys(Keys.TAB)
    tab.wait("return document.activeElement.shadowRoot.activeElement.textContent", "Run / pause")
    tab.keys(Keys.SPACE)
    tab.wait('return model("run").active', True)
    tab.keys(Keys.SPACE)
    tab.wait('return model("run").active', False)


def test_points_are_added_changed_and_removed(tab, address):
    tab.open(address("linear"))
    tab.mouse("Moved", -0.5, 0.9)
    for _ in range(2):
        tab.mouse("Pressed", -0.5, 0.9)
        tab.mouse("Released", -0.5, 0.9)
    tab.wait('return model("point_input").value', 10)
    tab.choose("point_class_input", "1")
    state = LinearState(tab.settled_query("-0.5,0.9,1"))
    assert len(state.points) == 10
    assert_linear(tab, state)
    tab.press("remove_point")
    tab.wait('return model("point_input").value', 9)


# Nearest neighbours -------------------------------------------------------------------------------


def test_metric_and_k(tab, address):
    tab.open(address("knn?seed=4"))
    np.testing.assert_array_equal(tab.regions(), NeighborsState("seed=4").regions())
    tab.choose("metric_input", "l1")
    tab.type("k_input", "8")
    state = NeighborsState(tab.settled_query("k=8"))
    assert (state["metric"], state["k"], state["seed"]) == ("l1", 8, 4)
    np.testing.assert_array_equal(tab.regions(), state.regions())


def test_a_k_that_is_too_large_gets_a_message(tab, address):
    tab.open(address("knn"))
    tab.type("k_input", "31")
    tab.wait('return model("k").children.at(-1).text', "There are only 30 points.")
    assert tab.message("k") == "There are only 30 points."
    np.testing.assert_array_equal(tab.regions(), NeighborsState().regions())
    tab.type("k_input", "1")
    tab.wait('return model("k").children.at(-1).visible', False)
    np.testing.assert_array_equal(tab.regions(), NeighborsState("k=1").regions())


def test_broken_values_in_the_address_get_messages(tab, address):
    tab.open(address("knn?k=many&classes=99&points=%3Cscript%3E"))
    assert tab.message("k") == "This needs a number."
    assert tab.message("classes") == "This goes from 2 to 5."
    np.testing.assert_array_equal(tab.regions(), NeighborsState().regions())


def test_the_pointer_shows_its_neighbours(tab, address):
    tab.open(address("knn?k=3"))
    tab.mouse("Moved", 0.3, -0.4)
    tab.wait('return model("place_x_input").value.toFixed(1)', "0.3")
    place = tab.value("place_x_input"), tab.value("place_y_input")
    assert place == pytest.approx((0.3, -0.4), abs=0.02)
    _, near = NeighborsState("k=3").neighbours(*place)
    ends = 'return Array.from(model("plane").renderers[1].data_source.data.x1)'
    assert tab.run(ends) == NeighborsState().points.X[near, 0].tolist()


# The network --------------------------------------------------------------------------------------


def test_the_network_runs_and_a_link_shows_the_same(tab, address):
    tab.open(address("network?epochs=0&data=circles&count=60&widths=4"))
    assert (tab.regions() == len(palette("light", 3))).all()
    tab.press("run")
    epochs = 'return model("loss_curve").renderers[0].data_source.data.epoch.length'
    tab.wait(epochs.replace(".length", ".length > 10"), True)
    tab.press("run")
    # What the server trained before it heard of the pause arrives before the address.
    said = epochs.replace("return ", "return location.search.includes('epochs=' + ") + ")"
    tab.wait(said, True)
    n_epochs = tab.run(epochs)
    query = tab.query()
    regions = tab.regions()
    state = NetworkState(query)
    for _ in range(n_epochs):
        state.train()
    np.testing.assert_array_equal(regions, state.regions())
    tab.open(address(f"network?{query}"))
    tab.wait(epochs, n_epochs)
    np.testing.assert_array_equal(tab.regions(), regions)
    lines = 'return model("hidden").renderers[0].data_source.data.xs.length'
    assert tab.run(lines) == 26


def test_the_axes_of_the_hidden_plane_are_chosen(tab, address):
    tab.open(address("network?epochs=2&count=40"))
    label = 'return model("hidden").below[0].axis_label'
    assert tab.run(label) == "first principal component of layer 1"
    tab.choose("view_input", "units")
    tab.wait(label, "unit 1 of layer 1")
    tab.type("widths_input", "3, 3, 3")
    tab.type("layer_input", "3")
    tab.press("step")
    tab.wait(label, "unit 1 of layer 3")


# Several tabs -------------------------------------------------------------------------------------


def test_tabs_have_a_state_each_and_are_freed_when_they_are_closed(tab, address, n_tabs):
    driver = tab.driver
    first = driver.current_window_handle
    handles = []
    for i in range(5):
        driver.switch_to.new_window("tab")
        handles.append(driver.current_window_handle)
        tab.open(address(f"knn?seed={i + 1}"))
    for i, handle in enumerate(handles):
        driver.switch_to.window(handle)
        tab.type("k_input", str(i + 1))
    for i, handle in enumerate(handles):
        driver.switch_to.window(handle)
        tab.wait('return model("code").tags[0].includes(arguments[0])', True, f"={i + 1},")
        expected = NeighborsState(f"seed={i + 1}&k={i + 1}").regions()
        np.testing.assert_array_equal(tab.regions(), expected)
    assert n_tabs() >= 5
    for handle in handles:
        driver.switch_to.window(handle)
        driver.close()
    driver.switch_to.window(first)
    end = time.monotonic() + SECONDS
    while n_tabs():
        assert time.monotonic() < end
        time.sleep(0.1)


# Without a server ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def static(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    for name in ("knn", "linear"):
        (folder / f"{name}.html").write_text(static_page(name), encoding="utf-8")
    return lambda name: (folder / f"{name}.html").as_uri()


def rows(points):
    return [
        [*place, label] for place, label in zip(points.X.tolist(), points.y.tolist(), strict=True)
    ]


def test_a_static_page_asks_nobody(tab, static):
    for name in ("knn", "linear"):
        tab.open(static(name))
        entries = tab.run("return performance.getEntriesByType('resource').length")
        assert entries == 0


def test_the_static_neighbours_are_those_of_the_library(tab, static):
    tab.open(static("knn"))
    np.testing.assert_array_equal(tab.regions(), NeighborsState().regions())
    state = NeighborsState()
    x, y = state.points.X[5].tolist()
    tab.drag((x, y), (0.5, 0.5))
    moved = LabelledPoints(*np.split(np.array(tab.run("return page.points")), [2], axis=1))
    moved.y = moved.y.ravel()
    state.assign("points", moved)
    np.testing.assert_array_equal(tab.regions(), state.regions())
    tab.choose("metric_input", "l1")
    tab.type("k_input", "8")
    state.assign("metric", "l1")
    state.assign("k", 8)
    np.testing.assert_array_equal(tab.regions(), state.regions())
    tab.type("classes_input", "5")
    tab.type("count_input", "44")
    tab.press("draw")
    np.testing.assert_array_equal(
        tab.regions(), NeighborsState("metric=l1&k=8&classes=5&count=44&seed=1").regions()
    )
    tab.type("k_input", "45")
    assert tab.message("k") == "There are only 44 points."


@pytest.mark.parametrize("seed", range(6))
def test_the_static_neighbours_on_a_lattice_of_equal_distances(tab, static, seed):
    tab.open(static("knn"))
    rng = np.random.RandomState(seed)
    points = LabelledPoints(rng.randint(-8, 9, (40, 2)) / 8, rng.randint(0, 5, 40))
    for metric in ("l1", "l2"):
        k = int(rng.randint(1, 9))
        state = NeighborsState(f"metric={metric}&k={k}")
        state.assign("points", points)
        code = """
        page.points = arguments[0];
        Object.assign(page.values, { metric: arguments[1], k: arguments[2] });
        page.show();
        """
        tab.run(code, rows(points), metric, k)
        np.testing.assert_array_equal(tab.regions(), state.regions())


def assert_static_linear(tab, state):
    assert_linear(tab, state)
    by_weights, by_intercepts = state.gradients(state.scores())
    shown = tab.run("return page.models.gradients.map((row) => row.map((one) => one.text))")
    assert shown == [
        [words.number(value) for value in (*by_weights[c], by_intercepts[c])] for c in range(3)
    ]
    lines = tab.run("return [page.models.lines.data, page.models.arrows.data]")
    for c, (start, end, foot, tip) in enumerate(state.lines()):
        assert lines[0]["xs"][c] == pytest.approx([start[0], end[0]])
        assert lines[0]["ys"][c] == pytest.approx([start[1], end[1]])
        ends = [lines[1][name][c] for name in ("x0", "y0", "x1", "y1")]
        assert ends == pytest.approx([*foot, *tip])


@pytest.mark.parametrize("loss", LOSSES)
def test_the_static_linear_page_is_the_library(tab, static, loss):
    tab.open(static("linear"))
    state = LinearState()
    assert_static_linear(tab, state)
    tab.choose("loss_input", loss)
    state.assign("loss", loss)
    assert_static_linear(tab, state)
    tab.drag((-0.4, -0.5), (0.6, 0.7))
    [x, y, _] = tab.run("return page.points[8]")
    state.assign("points", state.points.moved(8, x, y))
    assert (x, y) == pytest.approx((0.6, 0.7), abs=0.02)
    assert_static_linear(tab, state)
    tab.run('model("rate_input").value = -1.5')
    tab.run('model("alpha_input").value = model("alpha_input").start')
    state.assign("rate", 0.032)
    state.assign("alpha", 0)
    for _ in range(25):
        tab.press("update")
        state.update()
    assert_static_linear(tab, state)
    tab.type("w01_input", "-3.25")
    state.set_weight(0, 1, -3.25)
    assert_static_linear(tab, state)
    tab.press("reset")
    assert_static_linear(tab, LinearState())


def test_the_static_linear_page_runs_randomises_and_says_what_is_wrong(tab, static):
    tab.open(static("linear"))
    tab.press("run")
    tab.wait('return parseInt(model("updates").text) > 20', True)
    tab.press("run")
    assert not tab.run('return model("run").active')
    before = json.dumps(tab.run("return page.W"))
    tab.press("randomise")
    assert json.dumps(tab.run("return page.W")) != before
    tab.type("w10_input", "")
    assert tab.message("w10") == "This needs a number."
    tab.run('model("rate_input").value = 1; model("alpha_input").value = 1')
    for _ in range(6):
        tab.press("update")
    assert "smaller step size" in tab.text("training_message")
