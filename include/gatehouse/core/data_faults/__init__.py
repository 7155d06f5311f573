"""What kind of change it is: a data fault, covariate drift, label shift, concept drift, or the season."""
