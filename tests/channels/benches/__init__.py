"""Fake platforms, one per channel, for the contract suite."""
