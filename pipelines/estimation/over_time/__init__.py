"""Designs in which time does the comparing: before and after, with or without others who were not treated.

Belongs here: difference-in-differences (two periods, staggered), interrupted time series, panel fixed effects,
before-and-after, placebo dates. Does not belong here: reading protocols, files, clocks.

Nothing is imported on import; each design has its module: `two_periods`, `repeated_sections`, `staggered`,
`interrupted`, `controlled`, `fixed_effects`, `before_after`, `placebo`.
"""
