"""How wrong could this be: what would have to be true for a result to change, each answer with one plain sentence.

Belongs here: sensitivity to what was not measured, to missing outcomes, to single clusters, people and choices, and
what the design that arrived could have shown. Does not belong here: estimators of effects, files, clocks, disclosure.

Modules, by question:

- something unmeasured: `e_value`, `omitted_variable`, `signed_rank`, `discordant_pairs`
- outcomes that are missing: `lee`, `worst_case`, `tipping`, `delta_adjusted`, `chained` with `rubin`
- one cluster, one person, other choices: `cluster_left_out`, `one_person`, `placebo`, `specification`, `outliers`
- the design that arrived: `arrived`, `sign_and_size`

Importing this package imports none of them.
"""
