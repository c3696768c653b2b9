"""Invented names and postcodes for the synthetic pilot. The surnames are nobody's, and there is no district ZZ9."""

import numpy as np

FIRST = (
    "Adaeze", "Bronagh", "Cerys", "Dariusz", "Eilidh", "Farhana", "Gwilym", "Hamza", "Ifeoma", "Jolanta",
    "Kwabena", "Leontyne", "Morwenna", "Nikhil", "Oluwaseun", "Padraig", "Quillon", "Renée", "Siobhán",
    "Tariq", "Ursula", "Vikram", "Wanjiru", "Xanthe", "Yusuf", "Zofia", "Ailsa", "Benedikt", "Chidi",
    "Delphine", "Emeka", "Fionnuala",
)  # fmt: skip
LAST = (
    "Ashwickle", "Brindlemarsh", "Copplestane", "Dunmarrow", "Elverdyke", "Fennimoorby", "Garthwenlow",
    "Hollowbeck-Onn", "Inkleborough", "Jessamere", "Kettlethorn", "Lambrigg", "Merrowdale", "Nettlecoomb",
    "Orlingsward", "Pellowby", "Quernsike", "Rushmallow", "Skelderby", "Thistleroyd", "Umberslack",
    "Vennimore", "Wexcombe", "Yarrowthwaite", "O’Zennor", "Bläckmoss",
)  # fmt: skip
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


def full_names(count: int, rng: np.random.Generator) -> list[str]:
    """`count` names; different ones as long as the list lasts."""
    pairs = [f"{first} {last}" for first in FIRST for last in LAST]
    return [pairs[i] for i in rng.choice(len(pairs), count, replace=count > len(pairs))]


def postcodes(count: int, rng: np.random.Generator) -> list[str]:
    """`count` postcodes of a district that does not exist."""
    digits = rng.integers(1, 10, count)
    letters = rng.choice(list(LETTERS), (count, 2))
    return [f"ZZ9 {digit}{first}{second}" for digit, (first, second) in zip(digits, letters, strict=True)]
