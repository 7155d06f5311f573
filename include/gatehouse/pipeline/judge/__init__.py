"""Judge a challenger: measure, archive the evidence, decide, record."""
