"""The server of the pages, and the pages as Python drives them, without a browser."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
import tornado.httpclient
import tornado.websocket
from bokeh.client import pull_session
from bokeh.document import Document
from bokeh.events import ButtonClick, DoubleTap, MouseMove, Pan, PanEnd, PanStart, Tap

from sk231n.play.__main__ import main
from sk231n.play._knn import NeighborsState
from sk231n.play._pages.knn import NeighborsPage
from sk231n.play._pages.linear import LinearPage
from sk231n.play._pages.network import NetworkPage

PAGES = [NeighborsPage, LinearPage, NetworkPage]


def get(server, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
        return answer.read().decode()


def opened(page_class, address=None):
    """A page that is ready; a network is trained for a few epochs."""
    if address is None:
        address = "epochs=5" if page_class is NetworkPage else ""
    page = page_class(address)
    page.connect(Document())
    while getattr(page, "wanted", None) is not None:  # on a slow machine, training is not over
        page.tick()
    return page


def happen(page, *events):
    """Let events reach the figure, and what they ask for be shown."""
    for kind, *place in events:
        figure = page.plane.figure
        x, y = place or (None, None)
        figure._trigger_event(kind(figure, x=x, y=y))
    if page.redraw_asked:
        page._show_now()


def press(button):
    button._trigger_event(ButtonClick(button))


# The command --------------------------------------------------------------------------------------


def test_without_bokeh_the_command_says_which_extra_to_install():
    code = (
        "import sys; sys.modules['bokeh'] = None; from sk231n.play.__main__ import main; main([])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 1
    assert 'pip install "sk231n[play]"' in run.stderr
    assert "Traceback" not in run.stderr


def test_the_library_imports_nothing_of_it():
    code = (
        "import sk231n, sys; print([m for m in sys.modules if 'bokeh' in m or 'sk231n.play' in m])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_port_that_is_taken_is_said_in_one_line(server):
    port = server.port
    command = [sys.executable, "-m", "sk231n.play", "--no-browser", "--port", str(port)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr.startswith(f"Port {port} cannot be used: ")
    assert run.stderr.endswith("Take another: --port 0 finds one.\n")
    assert run.stderr.count("\n") == 1


def test_the_command_serves_until_it_is_interrupted():
    command = [sys.executable, "-m", "sk231n.play", "--port", "0", "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as run:
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+/", run.stdout.readline())[0]
            with urllib.request.urlopen(address) as answer:
                assert "Play with the classifiers" in answer.read().decode()
            run.send_signal(signal.SIGINT)
            assert run.wait(30) == 0
            assert run.stderr.read() == ""
        finally:
            run.kill()


@pytest.mark.parametrize("port", ["70000", "-1", "x", "1.5"])
def test_a_port_that_is_none_is_said(port, capsys):
    with pytest.raises(SystemExit):
        main(["--port", port])
    assert "argument --port: " in capsys.readouterr().err


# The server ---------------------------------------------------------------------------------------


def test_it_listens_to_this_machine_alone(server):
    assert server.address == "127.0.0.1"
    socket.create_connection(("127.0.0.1", server.port)).close()
    if sys.platform == "linux":  # where all of 127.0.0.0/8 is this machine
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", server.port))


def test_the_start_page_leads_to_the_others(server):
    page = get(server, "/")
    for path in ("/knn", "/linear", "/network"):
        assert f'href="{path}"' in page
        assert 'data-root-id="' in get(server, path)


@pytest.mark.parametrize("path", ["/other", "/../setup.py", "/static/../../setup.py", "/knn/x"])
def test_other_paths_are_not_found(server, path):
    with pytest.raises(urllib.error.HTTPError, match=r"40[34]") as caught:
        get(server, path)
    caught.value.close()


def test_pages_name_no_other_host(server):
    for path in ("/", "/knn", "/linear", "/network"):
        page = get(server, path).replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in page.replace(f"http://127.0.0.1:{server.port}", "")
        assert "https://" not in page
        assert "default-src 'none'" in page


def test_the_text_of_an_address_does_not_become_part_of_the_page(server):
    for name in ("k", "metric", "points", "zzz"):
        page = get(server, f"/knn?{name}=%3Cscript%3Ealert(1)%3C/script%3E")
        assert "alert(1)" not in page


def test_another_site_cannot_talk_to_it(server):
    async def talk(origin):
        request = tornado.httpclient.HTTPRequest(
            f"ws://127.0.0.1:{server.port}/knn/ws", headers={"Origin": origin}
        )
        return await tornado.websocket.websocket_connect(request)

    with pytest.raises(tornado.httpclient.HTTPClientError, match="403"):
        asyncio.run(talk("http://example.org"))


def test_tabs_have_a_state_each_and_closing_them_frees_it(server, n_tabs):
    url = f"http://127.0.0.1:{server.port}/knn"
    sessions = [pull_session(url=url, arguments={"seed": str(i)}) for i in range(3)]
    try:
        for i, session in enumerate(sessions):
            session.document.get_model_by_name("k_input").value = i + 1
        for i, session in enumerate(sessions):
            session.force_roundtrip()
            document = server.get_session("/knn", session.id).document
            regions = document.get_model_by_name("regions").data["image"][0]
            expected = NeighborsState(f"seed={i}&k={i + 1}").regions()
            np.testing.assert_array_equal(regions, expected)
        assert len(server.get_sessions("/knn")) >= 3
    finally:
        for session in sessions:
            session.close()
    end = time.monotonic() + 60
    while n_tabs():
        assert time.monotonic() < end
        time.sleep(0.1)


# The pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_class", PAGES)
def test_names_of_models_are_unique_and_every_root_is_in_the_page(server, page_class):
    page = opened(page_class)
    names = [model.name for model in page.document.models if model.name]
    assert len(names) == len(set(names))
    html = get(server, f"/{page.template.removesuffix('.html')}")
    assert html.count("data-root-id=") == len(page.kit.roots)


@pytest.mark.parametrize("page_class", PAGES)
def test_a_point_is_dragged_chosen_and_added(page_class):
    page = opened(page_class)
    points = page.state.points
    x, y = points.X[2].tolist()
    index = points.nearest(x, y)
    happen(page, (PanStart, x + 0.02, y), (Pan, 0.25, -0.75))
    assert page.state.points.X[index].tolist() == [0.25, -0.75]
    assert page.plane.points.data["x"][index] == 0.25
    assert page.point.widget.value == index + 1
    assert "points=" in page.address.tags[0]
    happen(page, (Pan, 5.0, 0.5), (PanEnd, 5.0, 0.5), (Pan, 0, 0))
    assert page.state.points.X[index].tolist() == [1, 0.5]
    happen(page, (Tap, *page.state.points.X[0]))
    assert page.chosen == page.state.points.nearest(*page.state.points.X[0])
    n_points = len(points)
    happen(page, (DoubleTap, -0.97, 0.97))
    assert page.state.points.X[-1].tolist() == [-0.97, 0.97]
    assert page.chosen == n_points
    assert len(page.state.points) == n_points + 1


@pytest.mark.parametrize("page_class", PAGES)
def test_a_drag_from_an_empty_place_moves_nothing(page_class):
    page = opened(page_class)
    before = page.state.points.X
    happen(page, (PanStart, -0.97, 0.97), (Pan, 0, 0), (PanEnd, 0, 0))
    np.testing.assert_array_equal(page.state.points.X, before)


@pytest.mark.parametrize("page_class", PAGES)
def test_the_chosen_point_by_its_fields(page_class):
    page = opened(page_class)
    page.point.widget.value = 3
    page.point_x.widget.value = 0.125
    page._show_now()
    assert page.state.points.X[2, 0] == 0.125
    page.point_y.widget.value = 7
    assert page.point_y.message.text == "-1 to 1."
    assert page.state.points.X[2, 1] != 7
    page.point_y.widget.value = None
    assert page.point_y.message.visible
    page.point_y.widget.value = -0.5
    page._show_now()
    assert not page.point_y.message.visible
    assert page.state.points.X[2].tolist() == [0.125, -0.5]
    page.point_class.widget.value = "2"
    page._show_now()
    assert page.state.points.y[2] == 2
    n_points = len(page.state.points)
    page.point.widget.value = n_points + 1
    assert page.point.message.text == f"1 to {n_points}."
    press(page.add_point)
    page._show_now()
    assert len(page.state.points) == page.chosen + 1 == n_points + 1
    press(page.remove_point)
    page._show_now()
    assert len(page.state.points) == n_points
    assert page.point.widget.value == n_points


def test_the_linear_page_runs_updates_and_stops_when_it_diverges():
    page = opened(LinearPage)
    assert "<td>2.57</td>" in page.table.text
    press(page.update_button)
    assert page.updates.text == "1 update so far"
    assert "<td>2.48</td>" in page.table.text
    assert "W=" in page.address.tags[0]
    page.run_button.active = True
    assert page.runner.running
    page.last_update -= 0.1
    page.tick()
    assert page.state.n_updates >= 1 + 6
    page.fields["rate"].widget.value = 1
    page.fields["alpha"].widget.value = 1
    assert page.state["rate"] == page.state["alpha"] == 10
    for _ in range(10):
        page.last_update -= 0.2
        page.tick()
    assert not page.run_button.active
    assert "smaller step size" in page.training_message.message.text
    press(page.reset_button)
    assert not page.training_message.message.visible
    assert "<td>2.57</td>" in page.table.text


def test_the_left_end_of_the_penalty_is_zero():
    page = opened(LinearPage)
    page.fields["alpha"].widget.value = page.fields["alpha"].widget.start
    assert page.state["alpha"] == 0
    assert "= 0.000 ·" in page.table.text


def test_a_broken_weight_has_its_message_and_a_good_one_takes_it_away():
    page = opened(LinearPage)
    field = page.weights[1, 0]
    field.widget.value = None
    assert field.message.text == "This needs a number."
    assert page.state["W"][1, 0] == 0.44
    field.widget.value = 5e9
    assert field.message.text == "This goes from -1000 to 1000."
    assert field.widget.value == 5e9, "the reader can mend it"
    field.widget.value = 1.5
    assert not field.message.visible
    assert page.state["W"][1, 0] == 1.5
    assert page.gradients[1, 0].text != "0.25"
    press(page.randomise_button)
    assert page.state["W"][1, 0] != 1.5


def test_broken_values_of_an_address_have_their_messages():
    page = opened(NeighborsPage, "k=many&metric=l7&classes=99&count=-1&points=0,0")
    shown = {name: field.message.text for name, field in page.fields.items()}
    assert shown["k"] == "This needs a number."
    assert shown["metric"] == "This is one of l2, l1."
    assert shown["classes"] == "This goes from 2 to 5."
    assert shown["count"] == "This goes from 2 to 60."
    assert "points x,y,class" in page.points_message.message.text


def test_the_neighbours_of_the_pointer_are_linked():
    page = opened(NeighborsPage, "k=4")
    happen(page, (MouseMove, 0.3, 0.4))
    _, near = page.state.neighbours(0.3, 0.4)
    np.testing.assert_array_equal(page.links.data["x1"], page.state.points.X[near, 0])
    assert set(page.links.data["x0"]) == {0.3}
    assert (page.plane.points.data["width"][near] == 3).all()
    assert "From (0.30, 0.40)" in page.formula.text
    happen(page, (MouseMove, 3.0, 0.4))
    assert "From (0.30, 0.40)" in page.formula.text
    page.place_x.widget.value = -0.5
    assert "From (−0.50, 0.40)" in page.formula.text
    page.place_x.widget.value = 4
    assert page.place_x.message.text == "This goes from -1 to 1."
    drawn = page.plane.regions.data["image"][0]
    press(page.draw_button)
    assert page.state["seed"] == 1
    assert (page.plane.regions.data["image"][0] != drawn).any()


def test_the_network_page_opens_trained_runs_pauses_and_begins_again():
    page = opened(NetworkPage, "epochs=5")
    assert len(page.history.data["epoch"]) == 5
    assert len(page.hidden_lines.data["xs"]) == 26
    page.run_button.active = True
    page.tick()
    n_epochs = len(page.history.data["epoch"])
    assert n_epochs > 5
    address = page.address.tags
    page.run_button.active = False
    assert page.address.tags != address
    press(page.step_button)
    assert len(page.history.data["epoch"]) == n_epochs + 1
    assert f"range({n_epochs + 1})" in page.code.tags[0]
    press(page.restart_button)
    assert len(page.history.data["epoch"]) == 0
    assert page.hidden_lines.data["xs"] == []
    assert page.address.tags == ["epochs=0"]
    page.tick()
    page.show()


def test_the_fields_of_the_network():
    page = opened(NetworkPage, "epochs=0")
    page.fields["widths"].widget.value = "4, x"
    assert "such as 8, 8" in page.fields["widths"].message.text
    page.fields["widths"].widget.value = "4, 4, 4"
    assert page.state["widths"] == (4, 4, 4)
    page.fields["data"].widget.value = "circles"
    press(page.step_button)
    assert set(page.state.model.classes_) == {0, 1}
    page.fields["view"].widget.value = "units"
    page.fields["layer"].widget.value = 3
    assert page.hidden_figure.xaxis.axis_label == "unit 1 of layer 3"
    assert not page.fields["up"].widget.disabled
    press(page.draw_button)
    assert page.state["seed"] == 1
    page.fields["rate"].widget.value = 1
    page.fields["optimizer"].widget.value = "sgd"
    page.fields["alpha"].widget.value = 1
    page.fields["activation"].widget.value = "identity"
    for _ in range(40):
        press(page.step_button)
    assert "diverged" in page.training_message.message.text
