"""What is made up for: pending work, MLflow, notifications, probations."""
