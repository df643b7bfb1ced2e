r"""
Loss landscapes
===============
"""
