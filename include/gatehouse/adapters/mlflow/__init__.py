"""MLflow as a projection of the ledger: told after it, told again without harm, never asked for a decision."""

from gatehouse.adapters.mlflow.mlflow_tracking import MlflowTracking

__all__ = ["MlflowTracking"]
