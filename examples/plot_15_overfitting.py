r"""
Overfitting and its cures
=========================
"""
