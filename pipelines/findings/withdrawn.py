"""Who took back their consent, and what they had said: so that nothing of it is let out again.

The consents of the newest drop decide. A row that is set aside counts too if it says when somebody withdrew: what is
wrong with it must not keep their voice in. Listing earlier releases belongs in pipelines.release.errata.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pipelines.qualitative.quotes import quote_hash
from pipelines.warehouse import has_table, insert, open_vault, open_warehouse, transaction
from pipelines.workspace import PilotSite

SHORT = 20
"""Characters: shorter words stand inside many people's sentences by chance, and only count as the whole of a quote."""
SAID = """
    SELECT DISTINCT c.quote FROM raw.codings c JOIN raw.documents d USING (document_key)
    WHERE list_contains($gone, d.person_key) AND c.quote <> ''
"""
BESIDE = "SELECT DISTINCT words FROM raw.words WHERE list_contains($gone, person_key)"


def the_gone(connection: Any) -> frozenset[str]:
    """Return the pseudonyms of those who withdrew, as the published consents of a warehouse have them."""
    layers = [layer for layer in ("validated", "quarantine") if has_table(connection, layer, "consents")]
    rows = [
        connection.execute(f"SELECT person_key FROM {layer}.consents WHERE withdrawn_on IS NOT NULL").fetchall()
        for layer in layers
    ]
    return frozenset(key for found in rows for (key,) in found if key is not None)


def gone_since(site: PilotSite) -> frozenset[str]:
    """Return who has withdrawn by today, for a site that is looked at as of an earlier drop; nobody otherwise."""
    today = site.today
    if not site.workspace.as_of or not today.warehouse_file.exists():
        return frozenset()
    with open_warehouse(today, read_only=True) as connection:
        return the_gone(connection)


def words_of_the_gone(site: PilotSite, connection: Any) -> frozenset[str]:
    """Return every coded passage of those who withdrew."""
    gone = sorted(the_gone(connection) | gone_since(site))
    if not gone or not (has_table(connection, "raw", "codings") and has_table(connection, "raw", "documents")):
        return frozenset()
    return words_said(connection, gone)


def words_said(connection: Any, gone: Collection[str]) -> frozenset[str]:
    """Return the coded passages of some people, and what stands beside them: summaries of them, their stories."""
    rows = connection.execute(SAID, {"gone": gone}).fetchall()
    if has_table(connection, "raw", "words"):
        rows += connection.execute(BESIDE, {"gone": gone}).fetchall()
    return frozenset(quote for (quote,) in rows)


def said_by_the_gone(quote: str, words: Collection[str]) -> bool:
    """Tell whether a quote is, or holds, what somebody said who withdrew."""
    return quote in words or any(len(one) >= SHORT and one in quote for one in words)


def note_shown(site: PilotSite, chosen: Any) -> None:
    """Note in the vault whose quotes are shown: after a withdrawal nothing else may still tell whose they were."""
    rows = {(row["case_key"], quote_hash(row["shown"])) for row in chosen.to_dict("records")} if len(chosen) else set()
    if not rows:
        return
    with open_vault(site) as vault, transaction(vault):
        vault.execute("CREATE TABLE IF NOT EXISTS vault.quoted (person_key VARCHAR, sha256 VARCHAR)")
        known = set(vault.execute("FROM vault.quoted").fetchall())
        insert(vault, "vault.quoted", sorted(rows - known))


def shown_before(site: PilotSite, people: Collection[str]) -> frozenset[str]:
    """Return the hashes of quotes that were shown of some people, as far as the vault has them noted."""
    if not people or not site.vault_file.exists():
        return frozenset()
    with open_vault(site) as vault:
        found = vault.execute("SELECT 1 FROM duckdb_tables() WHERE database_name = 'vault' AND table_name = 'quoted'")
        if found.fetchone() is None:
            return frozenset()
        query = "SELECT sha256 FROM vault.quoted WHERE list_contains($people, person_key)"
        return frozenset(sha256 for (sha256,) in vault.execute(query, {"people": sorted(people)}).fetchall())
