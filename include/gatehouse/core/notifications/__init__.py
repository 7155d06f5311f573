"""Being told: from what the ledger holds at a moment to the messages that people get, and to those held back."""
