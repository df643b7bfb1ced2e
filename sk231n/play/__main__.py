"""``python -m sk231n.play``: serve the pages on this machine and open them in the browser."""

import argparse
import signal
import sys
import webbrowser


def port(text):
    """Return the number of a port; 0 stands for a free one."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to 65535")
    return number


def main(arguments=None):
    """Serve the pages until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m sk231n.play", description="Play with the classifiers in your browser."
    )
    parser.add_argument("--port", type=port, default=5231, help="0 takes a free one (5231)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    options = parser.parse_args(arguments)
    try:
        from sk231n.play._pages.server import make_server
    except ImportError as error:
        sys.exit(
            f"The page that plays needs Bokeh, which is not here ({error}). "
            'Install it with: pip install "sk231n[play]"'
        )
    try:
        server = make_server(options.port)
    except OSError as error:
        sys.exit(f"Port {options.port} cannot be used: {error}. Take another: --port 0 finds one.")
    address = f"http://127.0.0.1:{server.port}/"
    print(f"The pages are at {address}  (Ctrl-C ends)", flush=True)
    server.start()
    if not options.no_browser:
        server.io_loop.add_callback(webbrowser.open, address)
    # Python's own way, an exception wherever the program is, would tear an answer apart.
    signal.signal(signal.SIGINT, lambda *_: server.io_loop.add_callback(server.io_loop.stop))
    server.io_loop.start()
    server.stop()


if __name__ == "__main__":
    main()
