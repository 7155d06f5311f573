"""The reference page of the invariants: what each means, the queries that check it, and what to do when it is broken."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator

from gatehouse.invariants import INVARIANTS

HEAD = """\
# Invariants

For those who evaluate Gatehouse, and for on-call engineers. You find each statement that always holds, and its queries.

    gatehouse audit verify        # check all of them now; exit code 1 when one is broken

Maintenance checks the invariants, and every fault test does afterwards. All queries of one check see one snapshot of the
ledger. A query that finds breaches has no rows when all is right. Other queries list what the check reads. It compares those
rows with the files of the lake, with MLflow, or with labels that it derives again.

When one is broken, the [alert](alerts.md) `unhealthy` notifies the on-call engineer. Change nothing in the ledger manually.
Keep the output of the command, and find in `gatehouse audit log` who changed what.
"""
MEANING = {
    "I1": "Two models never decide at once, and you can say which one served at any moment.",
    "I2": "Nothing reaches production past the gate, except by a named person with a reason. What was decided can be replayed.",
    "I3": "No row is lost or doubled between the source and the lake. Files that the ledger names are there, with their bytes.",
    "I4": "You can start any task, run or command again. The second time it finds its work done.",
    "I5": "Each score says which model made it, and the model file is the one that was judged.",
    "I6": "Nobody can change what was recorded without breaking the chain of hashes.",
    "I7": "Of two copies of a task that run at the same time, only the newer one writes.",
    "I8": "What is accepted for work ends in one final state. Work that waits is listed as a note, not as a breach.",
    "I9": "The model is compared on rows that it has not seen.",
    "I10": "MLflow shows what serves. It decides nothing, so maintenance sets a wrong alias right.",
    "I11": "You can share logs and reports. Tests look for every secret in all of them.",
    "I12": "A crash costs time and nothing else. The fault tests stop the process at every write and compare the result.",
    "I13": "A wrong join of rows and outcomes would train a model on noise. The check joins them again in another way.",
    "I15": "Who owns the database cannot rewrite, cut off or restore the audit log unnoticed: anchors lie elsewhere.",
    "I14": "A bad champion is never silent: an incident is open from the third such batch on.",
}
BY_TESTS = {
    "I11": (
        "No secret is in logs, XCom, MLflow, reports or process lists",
        "tests/integration/security, and `tests/compose/run`",
    ),
    "I12": ("After a crash at any point and a restart the state is the same as without the crash", "tests/faults"),
}
QUERY = re.compile(r"^\s*(SELECT|WITH)\b")


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{" + ast.unparse(getattr(part, "value", part)) + "}"
            for part in node.values
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)


def queries(function: Callable[..., None]) -> list[str]:
    """The queries of a check, with those of the functions and constants of its module that it uses."""
    tree = ast.parse(inspect.getsource(importlib.import_module(function.__module__)))
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    constants = {
        target.id: each.value
        for each in tree.body if isinstance(each, ast.Assign)
        for target in each.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    waiting, seen, found = [function.__name__], set(), dict[str, None]()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        node = functions.get(name) or constants.get(name)
        if node is None:
            continue
        found.update(dict.fromkeys(text for text in _strings(node) if QUERY.match(text)))
        waiting += [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    return [textwrap.dedent(text).strip() for text in found]


def _entry(name: str) -> Iterator[str]:
    if name in BY_TESTS:
        sentence, tests = BY_TESTS[name]
        yield f"\n## {name}\n\n**{sentence}.** {MEANING[name]}\n\nNo query can check it. {tests} do.\n"
        return
    sentence, function = INVARIANTS[name]
    yield f"\n## {name}\n\n**{sentence}.** {MEANING[name]}\n"
    for query in queries(function):
        yield f"\n```sql\n{query}\n```\n"


def page() -> str:
    """The whole page."""
    names = sorted({*INVARIANTS, *BY_TESTS}, key=lambda name: int(name[1:]))
    return HEAD + "".join(text for name in names for text in _entry(name))
