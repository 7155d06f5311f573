"""What Airflow's provider manager reads of this package: `airflow providers list` shows it, `airflow config list` its options."""

from __future__ import annotations

from typing import Any

_OPTIONS = {
    "use_cases": (
        "Folders that hold use cases, separated by colons. Without it: `use_cases` in the DAGs folder.",
        "/opt/airflow/dags/use_cases",
    ),
    "ledger_url": (
        "The ledger's PostgreSQL database. Without it: the connection `gatehouse_ledger`.",
        "postgresql://gatehouse:PASSWORD@postgres:5432/gatehouse",
    ),
    "mlflow_uri": (
        "MLflow's server, without a password. Without it: the connection `gatehouse_mlflow`.",
        "https://mlflow.example.com",
    ),
    "state_dir": ("A folder for local state. Without it: `gatehouse` in AIRFLOW_HOME.", "/var/lib/gatehouse"),
    "lake": ("Where batches, models and evidence lie. Without it: `lake` in `state_dir`.", "s3://bucket/lake"),
    "notify_file": ("Who is notified. Without it: `notify.yaml` beside the use cases.", "/etc/gatehouse/notify.yaml"),
    "train_queue": ("The queue and the pool of training tasks. Without it: the default ones.", "train"),
}


_FORMS = {  # of the two connections: what the fields are called, and which are not shown
    "gatehouse_ledger": ("LedgerHook", "Gatehouse ledger", {"schema": "Database", "login": "Role"}, []),
    "gatehouse_mlflow": ("MlflowHook", "Gatehouse MLflow", {"schema": "http or https", "login": "User"}, ["extra"]),
}


def get_provider_info() -> dict[str, Any]:
    """The provider's name, the types of its connections, and the options of the section `[gatehouse]`."""
    return {
        "package-name": "gatehouse",
        "name": "Gatehouse",
        "description": "Governed retraining: every batch checked, every model gated, every decision on record.",
        "connection-types": [
            {
                "connection-type": kind,
                "hook-class-name": f"gatehouse_airflow.hooks.{hook}",
                "hook-name": name,
                "ui-field-behaviour": {"hidden-fields": hidden, "relabeling": names},
            }
            for kind, (hook, name, names, hidden) in _FORMS.items()
        ],
        "config": {
            "gatehouse": {
                "description": "Where Gatehouse keeps things. A variable of the environment such as GATEHOUSE_LEDGER_URL wins.",
                "options": {
                    name: {
                        "description": about,
                        "version_added": None,
                        "type": "string",
                        "example": example,
                        "default": "",
                        "sensitive": name == "ledger_url",
                    }
                    for name, (about, example) in _OPTIONS.items()
                },
            }
        },
    }
