"""How the speaker of a quote is called: by role, unless that points at one of few. Quotes are chosen in themes."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.protocol.models import Plan

FEWEST_OF_A_ROLE = 5
"""With fewer interviewed in a role, colleagues could guess who speaks: the role is left out."""
SOMEBODY = "somebody we interviewed"
_WORDS = {"staff": "member of staff"}


def speakers_named(plan: Plan, interviewed: Mapping[str, int]) -> dict[str, str]:
    """Return what stands beside a quote, by the speaker's role.

    A role is told when at least k people of it were interviewed at the site, and when those whose role is not told are
    nobody or at least k: a quote without a role would otherwise point at the few who are left. At a site where fewer
    than k were interviewed no role is told. k is `FEWEST_OF_A_ROLE`, or the protocol's own minimum count if it is more.

    Parameters
    ----------
    plan : whose `disclosure.minimum_count` may ask for more.
    interviewed : people interviewed and not withdrawn, by role.

    References
    ----------
    Sweeney 2002, k-anonymity: a model for protecting privacy.
    """
    k = max(FEWEST_OF_A_ROLE, plan.disclosure.minimum_count or 0)
    told = sorted((count, role) for role, count in interviewed.items() if count >= k)
    hidden = sum(count for count in interviewed.values() if count < k)
    while told and 0 < hidden < k:
        hidden += told.pop(0)[0]
    named = {role: _WORDS.get(role, role) for _, role in told}
    return {role: named.get(role, SOMEBODY) for role in interviewed}
