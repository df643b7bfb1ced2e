"""The page that plays: ``python -m sk231n.play``, which needs the extra ``play`` (Bokeh).

The classes here are what the pages show, without a browser: the state of a page, the address that
reproduces it, and the numbers, which come from the library's estimators. `_pages` draws them.
"""
