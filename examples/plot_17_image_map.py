r"""
A map of images, placed by pixel distance
=========================================
"""
