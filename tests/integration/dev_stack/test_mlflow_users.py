"""What `init` prepares in MLflow's database before its server starts."""

from __future__ import annotations

from pathlib import Path

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from gatehouse.deploy.mlflow_users import ARTIFACTS, _experiment


def test_a_deleted_experiment_is_restored_before_it_is_granted(tmp_path: Path) -> None:
    """Neither trainer nor promoter may restore one, so `init` does: the same experiment is active again, and once."""
    address = f"sqlite:///{tmp_path}/mlflow.db"
    made = _experiment(address, "gatehouse/rides")
    store = SqlAlchemyStore(address, ARTIFACTS)
    store.delete_experiment(made)
    assert _experiment(address, "gatehouse/rides") == made
    assert store.get_experiment(made).lifecycle_stage == "active"
    assert _experiment(address, "gatehouse/rides") == made
