"""The figures of the gallery fit its pages: sphinx-gallery saves none of which one cannot read."""

import matplotlib.pyplot as plt
from picture import SMALLEST_TEXT
from pictures._style import smallest_text
from sphinx_gallery.scrapers import matplotlib_scraper

WIDEST = 7.5  # inches


def save_legible(block, block_vars, gallery_conf):
    """Save the figures of a block of an example; raise if one is too wide or its text too small."""
    for figure in map(plt.figure, plt.get_fignums()):
        width, smallest = figure.get_figwidth(), smallest_text(figure)
        if width > WIDEST or smallest < SMALLEST_TEXT:
            raise ValueError(
                f"{block_vars['src_file']}, figure {figure.number}: {width:g} inches wide, its "
                f"smallest text {smallest:.1f} pixels on a page of 600; at most {WIDEST} fit, "
                f"and at least {SMALLEST_TEXT} pixels can be read."
            )
    return matplotlib_scraper(block, block_vars, gallery_conf)
