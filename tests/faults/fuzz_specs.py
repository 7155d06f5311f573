"""Fuzzed use-case folders and names: each is read, or one named error says what is wrong, whose it is and where."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gatehouse.adapters.contract.static_checks import check_contract
from gatehouse.core.contract.batch_calendar import Span, batch_interval
from gatehouse.errors import GatehouseError
from gatehouse.use_case import FILES, load
from support.rides import TEMPLATE

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in itertools.pairwise("abcdefghi")
)
_SNIPPETS = [
    BOMB, "? [a, b]\n: c\n", "? {a: b}\n: c\n", "[" * 2000, "a: " + "[" * 3000 + "]" * 3000, "{" * 500, "&a [*a]", "x: *nowhere",
    "!!python/object/apply:os.system ['true']", "!!binary x", "!!set {a, b}", "!!timestamp 2024-13-45", "when: 2024-02-30",
    "<<: 1", "<<: [1]", "key: !!int abc", "n: .nan", "n: .inf", "n: 1e999", "n: 0o777", "n: 99999999999999999999999999999",
    "\t", "\0", "\ufeff", "\x85", "---\n---\n", "...", "%YAML 9.9\n---\n", "'", '"', "|", ">", "{{ var.value.secret }}", "../../x",
    "use_case: a'--", "use_case: 'x\"; DROP TABLE audit_log'", "null: null", "true: false", "1: 2", "~: ~", "key: &x\n  - *x\n", "\u2028", "\U0001d4b3: 1",
]  # fmt: skip


@st.composite
def damaged(draw: Any) -> tuple[str, str]:
    """One of the five files with a few edits: (its name, its text)."""
    name = draw(st.sampled_from(FILES))
    lines = (TEMPLATE / name).read_text(encoding="utf-8").split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        edit = draw(st.sampled_from(("drop", "twice", "insert", "replace", "value", "cut", "indent")))
        if edit == "drop" and len(lines) > 1:
            del lines[at]
        elif edit == "twice":
            lines.insert(at, lines[at])
        elif edit == "insert":
            lines.insert(at, draw(_text(name)))
        elif edit == "replace":
            lines[at] = draw(_text(name))
        elif edit == "value":
            lines[at] = f"{lines[at].partition(':')[0]}: {draw(_text(name))}"
        elif edit == "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        else:
            lines[at] = f"  {lines[at]}"
    return name, "\n".join(lines)


def _text(name: str) -> Any:
    """Text of any kind; into code only what cannot act, for `model.py` is run."""
    return (
        st.text("()[]:=,.0 ", max_size=10)
        if name == "model.py"
        else st.one_of(st.sampled_from(_SNIPPETS), st.text(max_size=20))
    )


class Folders:
    """A use case's folder, one of whose files is not what it should be."""

    def __init__(self, root: Path) -> None:
        self.seen, self._root, self._numbers = Counter[str](), root, itertools.count()

    def read(self, edit: tuple[str, str]) -> None:
        """Load the folder, its code and its contract."""
        name, text = edit
        folder = self._root / f"{next(self._numbers)}" / "template"
        shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            case = load(folder)
            check_contract(case.contract)
            assert case.model is not None
            self.seen["read"] += 1
        except GatehouseError:
            self.seen["refused by name"] += 1
        finally:
            shutil.rmtree(folder.parent)


class Names:
    """What people type: keys of batches, spans of time, references."""

    def __init__(self) -> None:
        self.seen = Counter[str]()

    def read(self, text: str) -> None:
        """Each reader takes it or refuses it by name."""
        readers: tuple[Callable[[str], object], ...] = (
            Span.parse, *(lambda key, kind=kind: batch_interval(kind, key) for kind in ("month", "week", "day")),  # type: ignore[misc]
        )  # fmt: skip
        for reader in readers:
            try:
                reader(text)
                self.seen["read"] += 1
            except GatehouseError:
                self.seen["refused by name"] += 1


names = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"\d{1,5}-W?\d{1,3}(-\d{1,3})?(T\d\d)?", fullmatch=True),
    st.from_regex(r"\d{1,12} (hours?|days?|weeks?|months?|years?)", fullmatch=True),
    st.sampled_from(
        [
            "0000-01",
            "9999-12",
            "2024-W53",
            "2023-W53",
            "2024-02-30",
            "-1 days",
            "1e9 days",
            "99999999999999999999 years",
            "\u0662\u0660\u0662\u0664-\u0660\u0661",
        ]
    ),
)
