"""Run and pause: something that a page does again and again while a button is pressed."""

TICK_MS = 40


class Runner:
    """Calls `tick` every few milliseconds between `start` and `stop`; the button says which.

    Parameters
    ----------
    button : Toggle
        The button that is down while it runs. A change of its label would take the focus from it.
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
        self.button.on_change("active", self.switched)

    def start(self):
        """Run from now on."""
        if not self.running:
            self.callback = self.document.add_periodic_callback(self.tick, TICK_MS)
            self.button.active = True

    def stop(self):
        """Run no longer."""
        if self.running:
            self.document.remove_periodic_callback(self.callback)
            self.callback = None
            self.button.active = False

    def switched(self, attr, old, new):
        """Follow the button, unless it only shows what the page has done."""
        if new != self.running:
            if new:
                self.start()
            else:
                self.stop()
            self.toggled()
