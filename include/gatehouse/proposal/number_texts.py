"""Numbers that are written with a unit (`12 %`, `$5`, `7 kg`), or below zero in parentheses or with a minus behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.columns.formats import minus_in_front, without_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_VALUES = 20  # different numbers beside one word, from which the word is a unit and no part of a name
_SIGNS = "%‰$€£¥₹°"
_BEFORE = re.compile(rf"[+-]?([{_SIGNS}]|[A-Z]{{3}}(?=\s))\s?[+-]?[\d.,]")
_SIGN_LAST = re.compile(rf"\d\s?([{_SIGNS}][CF]?)$")
_WORD_LAST = re.compile(r"\d\s?([^\W\d_][^\d\s]{0,9})$")
_BARE = re.compile(r"[+-]?[\d.,'\s]+")
_CLOCK = ("am", "pm", "a.m.", "p.m.")
_NEGATIVE = {"parentheses": re.compile(r"\([^()]*\d[^()]*\)"), "trailing": re.compile(r"[^-]*\d\s?-")}


@dataclass(frozen=True)
class NumberTexts:
    """The texts of a column with the minus in front and without the unit, and what the dialect must say for that."""

    values: Sequence[str]
    unit: str | None = None
    negative: str | None = None


def number_texts(known: Sequence[str]) -> NumberTexts:
    """The texts of a column as bare numbers, where all of them have one unit; `known` are those that are not null."""
    negative = next((name for name, form in _NEGATIVE.items() if any(map(form.fullmatch, known))), None)
    plain = [minus_in_front(text, negative) for text in known] if negative else list(known)
    unit = _unit(plain)
    if unit is not None:
        plain = [without_unit(text, (unit,)) for text in plain]
    return NumberTexts(plain, unit, negative)


def _unit(known: Sequence[str]) -> str | None:
    """The text that stands beside the number in each of them, or in most beside bare numbers such as 0."""
    match = next(filter(None, map(_beside, known)), None)
    if match is None:
        return None
    unit = match[1]
    word = any(letter.isalpha() for letter in unit)
    if unit.casefold() in _CLOCK or (word and len(set(known)) < LEAST_VALUES):
        return None
    others = [text for text in known if without_unit(text, (unit,)) == text]
    return unit if 2 * len(others) <= len(known) and all(map(_BARE.fullmatch, others)) else None


def _beside(text: str) -> re.Match[str] | None:
    return _BEFORE.match(text) or _SIGN_LAST.search(text) or _WORD_LAST.search(text)
