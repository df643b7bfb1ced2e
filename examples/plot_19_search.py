r"""
Learning rate and penalty: a search from coarse to fine
=======================================================
"""
