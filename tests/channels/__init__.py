"""Channels: the contract on all of them, and what is special to each."""
