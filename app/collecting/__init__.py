"""The only poller, the same for all channels, and the maths of when to look again."""
