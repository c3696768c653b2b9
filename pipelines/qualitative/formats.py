"""The kinds of files of coded interviews that are read: what a protocol may declare, and reading.py tells apart."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal[
    "refi",
    "taguette",
    "qualcoder",
    "taguette-highlights",
    "atlas",
    "dedoose",
    "maxqda",
    "nvivo",
    "codings",
    "passages",
    "rqda",
]
FORMATS: tuple[str, ...] = get_args(Format)
