"""The three values as files: ``write_results`` for a whole folder, one module per kind of file.

A new kind of file is a module that makes it and an entry in ``result_parts.PARTS``.
"""
