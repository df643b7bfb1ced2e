r"""
Inside a network: first-layer weights and mistakes
==================================================
"""
