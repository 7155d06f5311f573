"""The champion's measured performance: decay, sudden change, kinds of change, incidents."""
