"""Progression criteria: whether a pilot did what was agreed beforehand to be enough to go on.

Pure functions of counts and thresholds. Counting people belongs in pipelines.findings, what may be shown in
pipelines.disclosure. Each module gives one kind of measure, and every engine cites its paper.
"""
