"""What serves may be fitted on all rows; what is judged never is."""

from __future__ import annotations

from gatehouse.core.retraining.refit_check import refit_records
from gatehouse.core.types import Verdict
from gatehouse.invariants import run
from gatehouse.pipeline import final_fit
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures


def _rewrite(folder, old, new):
    gate = folder / "gate.yaml"
    gate.write_text(gate.read_text().replace(old, new))


def _walked(open_site):
    """Four months, the last of which the first champion scores."""
    site = open_site()
    for key in ("2024-01", "2024-02", "2024-03", "2024-04"):
        take(site, key)
    return site


def test_the_twin_is_judged_and_the_whole_serves(folder, open_site, ledger_database):
    """The gate judges the candidate's file on rows that it has not seen, the version's file has learned from them too, the next
    holdout lies after them, and every invariant holds."""
    _rewrite(folder, "final_fit: false\n", "")
    site = _walked(open_site)
    champion = site.ledger.models.champion("rides")
    rows = site.ledger.requests.training_set(champion.model.request)
    twin = final_fit.judged_file(site, champion.model)
    assert twin != champion.model.file
    assert champion.model.trained_until == max(
        site.ledger.batches.get(each).interval.end for each in rows.holdout_batches
    )
    assert not set(site.lake.frame(rows.training)["gh_key"]) & set(site.lake.frame(rows.holdout)["gh_key"])
    (decision,) = site.ledger.decisions.list("rides")
    assert decision.verdict is Verdict.PROMOTE
    assert "The gate judged a twin without the held-out rows." in site.tracking.words[1]
    assert site.tracking.copies[1] == site.lake.read(champion.model.file)
    findings = run(ledger_database.url, site.lake, site.tracking, {"rides": site.case})
    assert [breach for finding in findings for breach in finding.breaches] == []
    assert refit_records(site.ledger.batches.watches("rides"), champion.model.trained_until) == []


def test_without_a_final_fit_what_is_judged_serves(open_site):
    """The risk owner may turn it off: the version's file is the judged one, and learned from the training rows only."""
    site = _walked(open_site)
    model = site.ledger.models.champion("rides").model
    rows = site.ledger.requests.training_set(model.request)
    assert final_fit.judged_file(site, model) == model.file
    assert model.trained_until == max(site.ledger.batches.get(each).interval.end for each in rows.training_batches)
    assert final_fit.describe_final_fit(site, model) == ""
