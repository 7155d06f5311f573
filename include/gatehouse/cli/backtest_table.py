"""The result of a backtest as text: a line for each batch, the ways to retrain, and what was found."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from gatehouse.cli.output import printable, table
from gatehouse.core.audit.canonical_json import finite
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.performance.change_kinds import FLOOR
from gatehouse.formatting import join_names, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatehouse.backtest import BacktestResult
    from gatehouse.backtest.history import BatchSummary

    Seen = list[tuple[str, Mapping[str, Any]]]  # what was found, with the batch that it was found in

HEADINGS = ("batch", "rows", "quarantined", "not met", "alarms", "matured", "request", "verdict", "champion", "metric")
SENTENCES = 30  # of one kind that a person is shown
CELL = re.compile(r"found .*?(?=; declared)")  # what an unreadable cell holds: the reason is the same for the next one
NOTHING_COMPARED = "none has outcomes and came after what the first champion was made of"


def human(result: BacktestResult) -> str:
    """What a person reads: a line for each batch, the ways to retrain, and what went wrong."""
    rows = [_cells(line) for line in result.lines]
    totals = result.totals
    means = [(way.name, shown(totals.means[way.name], ".4f", "-"), way.trainings, way.says) for way in result.ways]
    errors = [f"{line.key}: {error}" for line in result.lines for error in line.errors] + list(result.errors)
    compared = f" ({totals.compared[0]} to {totals.compared[-1]})" if totals.compared else f", {NOTHING_COMPARED}"
    reinstated = f"{counted(totals.reinstated, 'reinstatement')}, " if totals.reinstated else ""
    parts = [
        table(HEADINGS, rows, "the source has no batch"),
        f"{counted(totals.batches, 'batch', 'batches')}, {counted(totals.rows, 'row')}, {totals.quarantined:,} quarantined, "
        f"{counted(totals.alarms, 'alarm')}, {counted(totals.trainings, 'training')}, {reinstated}"
        f"{counted(totals.reviews, 'review')}, {counted(totals.errors, 'error')}",
        "",
        f"mean {result.metric} over {counted(len(totals.compared), 'batch', 'batches')}{compared}:",
        table(("way", "mean", "trainings", "what"), means),
        *(["", result.advice] if result.advice else []),
    ]
    told = (
        ("The contract:", contract_sentences(result.lines)),
        ("Outcomes:", [f"{line.key}: {line.outcomes}" for line in result.lines if line.outcomes]),
        ("Not promoted:", refusals(result.lines)),
        ("Errors:", errors),
    )
    for heading, sentences in told:
        parts += ["", heading, *(f"  {printable(sentence)}" for sentence in sentences[:SENTENCES])] if sentences else []
        parts += (
            [f"  and {len(sentences) - SENTENCES} more: `--json` has them all"] if len(sentences) > SENTENCES else []
        )
    return "\n".join(parts)


def refusals(lines: Sequence[BatchSummary]) -> list[str]:
    """Why the gate did not promote a challenger, a line for each."""
    return [
        f"{line.key}: v{decision['version']}: {decision['sentence']}"
        for line in lines
        for decision in line.decisions
        if decision["verdict"] != "PROMOTE"
    ]


def counted(number: int, one: str, several: str = "") -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def contract_sentences(lines: Sequence[BatchSummary]) -> list[str]:
    """What the contract found, a line for each expectation and each reason to quarantine rows, with the batches."""
    failed: dict[tuple[str, ...], Seen] = {}
    reasons: dict[tuple[str, ...], Seen] = {}
    for line in lines:
        for each in line.failed:
            columns = ", ".join(str(value) for name, value in each["args"].items() if name.startswith("column"))
            failed.setdefault((each["severity"], each["table"], each["expect"], columns), []).append((line.key, each))
        for each in line.bad_rows:
            reasons.setdefault((each["table"], CELL.sub("", each["reason"])), []).append((line.key, each))
    return [
        f"{severity}: {table}: {expect}({columns}) is not met {_where(seen)}{_bad_values(seen)}"
        for (severity, table, expect, columns), seen in failed.items()
    ] + [
        f"quarantined: {counted(sum(each['count'] for _, each in seen), 'row')} of table {table} {_where(seen)}"
        f"{_first_row(seen)}: {seen[0][1]['reason']}"
        for (table, _), seen in reasons.items()
    ]


def _first_row(seen: Seen) -> str:
    rows = seen[0][1]["first"]
    return f" (first: row {rows[0]})" if rows else ""


def _where(seen: Seen) -> str:
    keys = list(dict.fromkeys(key for key, _ in seen))
    return f"in {keys[0]}" if len(keys) == 1 else f"in {len(keys)} batches ({join_names(keys, 3)})"


def _bad_values(seen: Seen) -> str:
    """How many rows, and the examples of the first batch."""
    rows, checked = (sum(each[name] for _, each in seen) for name in ("unexpected", "checked"))
    count = f": {rows:,} of {counted(checked, 'row')}" if any(each["row_level"] for _, each in seen) else ""
    detail = next((each["detail"] for _, each in seen if each["detail"]), "")
    because = next((each["because"] for _, each in seen if each["because"]), "")
    return f"{count}{f'; {detail}' if detail else ''}{f' ({because})' if because else ''}"


def _cells(line: BatchSummary) -> tuple[object, ...]:
    paging = [" ".join([each["kind"], ", ".join(each["columns"])]).strip() for each in line.kinds if each["page"]]
    alarms = "; ".join(paging or [f"{each['kind']} {each['subject']}" for each in line.alarms])
    told = [each for each in line.decay if each["kind"] not in FLOOR or each["state"] == AlarmState.ALARM]
    decay = "; ".join(_judged(each) for each in told)
    reasons = ", ".join(dict.fromkeys(r["kind"] for request in line.requests for r in request["reasons"]))
    held = "held back" if line.held_back and not reasons else ""
    verdict = ", ".join(decision["verdict"] for decision in line.decisions)
    failed = ", ".join(each["state"] for each in line.requests if each["state"] != "decided")
    state = line.quarantined if line.state == "accepted" else line.state
    metric = shown(line.metric, ".4f", "")
    request, decided = reasons or held, verdict or failed
    return line.key, line.rows, state, _unmet(line), alarms, decay, request, decided, _champion(line), metric


def _unmet(line: BatchSummary) -> str:
    """`1 critical, 2 warning`: the expectations that are not met."""
    counts = Counter(each["severity"] for each in line.failed)
    return ", ".join(
        f"{counts[severity]} {severity}" for severity in ("critical", "warning", "info") if counts[severity]
    )


def _champion(line: BatchSummary) -> str:
    if line.champion:
        return f"v{line.champion}{' (later)' if line.late else ''}"
    unscored = line.champion_after and (line.state != "accepted" or line.unscored)
    return f"v{line.champion_after}, not scored" if unscored else "none"


def _judged(each: Mapping[str, Any]) -> str:
    """What the newest matured outcomes said, with its interval and the limit: `log_loss 0.568 (0.49 to 0.65; 0.591) quiet`."""
    value, low, high, limit = (each.get(name) for name in ("value", "low", "high", "limit"))
    if each["kind"] == "cost":
        return f"cost {shown(value, ',.0f', '-')} ({shown(limit, ',.0f', '-')}) {each['state']}"
    name = each["subject"] if each["kind"] == "decay" else each["kind"]
    if finite(value) is None:
        return f"{name} {each['state']}"
    measured = finite(low) is not None and finite(high) is not None
    interval = f"{shown(low, '.2f')} to {shown(high, '.2f')}; " if measured else ""
    return f"{name} {shown(value)} ({interval}{shown(limit, '.3f', '-')}) {each['state']}"
