"""A challenger on HOLD gets the rows that it waits for, before another one takes its place."""

from __future__ import annotations

from gatehouse.core.types import Verdict
from support.rides import ctx, folder, looped, open_site, take  # noqa: F401 - four of them are fixtures


def test_a_hold_for_want_of_rows_is_settled_before_the_next_training(looped, folder, open_site):
    """Batches have 2,000 rows and the gate wants 3,000: the challenger of June is judged again in July and promoted, and
    July trains no other one."""
    gate, retrain = folder / "gate.yaml", folder / "retrain.yaml"
    gate.write_text(gate.read_text().replace("min_rows: 1000", "min_rows: 3000"))
    retrain.write_text(retrain.read_text().replace("triggers:\n", "triggers:\n  every_batches: 1\n", 1))
    changed = open_site()
    changed.lake, changed.tracking = looped.lake, looped.tracking
    for key in ("2024-05", "2024-06"):
        take(changed, key)
    decisions = changed.ledger.decisions.list("rides")
    held = [each for each in decisions if each.verdict is Verdict.HOLD]
    assert [each.version for each in held] == [2]
    newest = changed.ledger.batches.watches("rides")[-1]
    assert newest.batch.key == "2024-06"
    assert any("version 2 is on HOLD for 1,0" in each["why"] for each in newest.body["held_back"])
    assert len(changed.ledger.models.list("rides")) == 2
