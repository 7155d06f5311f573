"""Who answers a review under Airflow's FAB auth manager: the users that gate.yaml names, by their names."""

from __future__ import annotations

from airflow.providers.fab.auth_manager.models import User

from gatehouse_airflow.auth import NamedFabAuthManager


def test_a_review_is_its_approvers_by_user_name() -> None:
    """The approver may answer; a stranger may not, nor one whose number in the database is among the names."""
    manager = NamedFabAuthManager.__new__(NamedFabAuthManager)  # the question needs no application behind it
    assigned = {"reviewer", "7"}
    assert manager.is_authorized_hitl_task(assigned_users=assigned, user=User(id=1, username="reviewer"))
    assert not manager.is_authorized_hitl_task(assigned_users=assigned, user=User(id=2, username="stranger"))
    assert not manager.is_authorized_hitl_task(assigned_users=assigned, user=User(id=7, username="other"))
