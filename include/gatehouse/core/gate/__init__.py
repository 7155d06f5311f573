"""The gate: from archived evidence and a written policy to a verdict."""
