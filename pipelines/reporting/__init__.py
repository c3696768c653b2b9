"""Evidence bundle in, report out: numbers, sentences, tables and figures, all built by rule from findings.

Everything here reads a bundle and nothing else. What a page looks like belongs in `renderer`; how a finding is made, in
`pipelines.findings`; the order of a report, in the .qmd files of `reports/`.
"""
