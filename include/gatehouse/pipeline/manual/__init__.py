"""What a person asks for: retraining, overrides, rollbacks, revalidations, backfills."""
