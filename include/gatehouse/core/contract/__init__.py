"""What a contract decides from values: rows, parameters, the calendar of batches."""
