"""The pictures of the pages: each public function of a module here draws one.

The directive ``picture`` of ``docs/picture.py`` calls them, once in light and once in dark.
"""
