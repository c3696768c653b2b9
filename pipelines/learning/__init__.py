"""Learning while a pilot runs: charts of process measures over time, and the registers that a team keeps by hand.

Charts are pure functions of numbers; registers are CSV files beside the protocol. How both become findings belongs in
pipelines.findings, what may be shown of them in pipelines.disclosure.
"""
