"""Data faults that only show in how columns go together: the season moves each column, and leaves that as it was."""
