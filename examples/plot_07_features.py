r"""
Features against pixels
=======================
"""
