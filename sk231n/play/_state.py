"""The state of a page: values of its fields, and the address that reproduces them."""

from urllib.parse import parse_qsl, urlencode

from sk231n.play._fields import FieldError


class PageState:
    """Values by the name of their field; a value that is refused leaves a message instead.

    Parameters
    ----------
    address : str, default=""
        What follows the question mark in the address of a page, such as ``k=3&metric=l1``.
    """

    fields = {}

    def __init__(self, address=""):
        self.values = {name: field.default for name, field in self.fields.items()}
        self.messages = {}
        # The fields of a page have an order in which the later ones may depend on the earlier.
        given = dict(parse_qsl(address, keep_blank_values=True))
        for name in self.fields:
            if name in given:
                self.assign(name, given[name])

    def __getitem__(self, name):
        return self.values[name]

    def assign(self, name, value):
        """Give a field a value if it accepts it; return whether it does."""
        try:
            value = self.accepted(name, self.fields[name].read(value))
        except FieldError as error:
            self.messages[name] = str(error)
            return False
        self.messages.pop(name, None)
        self.values[name] = value
        return True

    def accepted(self, name, value):
        """Return a value that suits the other fields too; a page with such rules overrides this."""
        return value

    def address(self):
        """Return what follows the question mark: the fields that are not at their default."""
        texts = {}
        for name, field in self.fields.items():
            if self.values[name] is not None:
                text = field.text(self.values[name])
                if field.default is None or text != field.text(field.default):
                    texts[name] = text
        return urlencode(texts, safe=",;")
