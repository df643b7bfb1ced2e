"""The pages as Bokeh draws them, and the server; only ``python -m sk231n.play`` imports this."""
