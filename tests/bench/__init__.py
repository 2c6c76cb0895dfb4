"""Measures Växeln beside its floors: `make bench`. Ratios within one run; machines are noisy."""
