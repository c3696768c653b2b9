"""The sections of the site report and the funder's page, one module each: evidence in, Markdown out.

A module here chooses what is told and in which order. Wording of numbers belongs in `sentences` and `numbers`, looks in
the theme, and the order of the sections in the .qmd files.
"""
