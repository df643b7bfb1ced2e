"""Run and pause: something that a page does again and again while a button is pressed."""

TICK_MS = 40


class Runner:
    """Calls `tick` every few milliseconds between `start` and `stop`; the button says which.

    Parameters
    ----------
    button : Button
        The button that starts and stops.
    tick : callable
        What is done each time.
    toggled : callable
        What is done when the reader has pressed the button.
    """

    def __init__(self, button, tick, toggled):
        self.button, self.tick, self.toggled = button, tick, toggled
        self.document = self.callback = None

    @property
    def running(self):
        """Whether it runs."""
        return self.callback is not None

    def connect(self, document):
        """Run in the document of one browser tab, which ends it when the tab is closed."""
        self.document = document
        self.button.on_click(self.toggle)

    def start(self):
        """Run from now on."""
        if not self.running:
            self.callback = self.document.add_periodic_callback(self.tick, TICK_MS)
            self.button.label = "Pause"

    def stop(self):
        """Run no longer."""
        if self.running:
            self.document.remove_periodic_callback(self.callback)
            self.callback = None
            self.button.label = "Run"

    def toggle(self):
        """Start or stop."""
        if self.running:
            self.stop()
        else:
            self.start()
        self.toggled()
