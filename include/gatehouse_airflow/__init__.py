"""What Airflow needs of Gatehouse: assets, forms, retry policy, the wait for a batch's turn, and the tasks' bodies.

The only package under `include/` that imports Airflow. Nothing here is imported from `dags/` by anybody else.
"""
