"""Stand-ins for X, Graph and YouTube: they speak the real wire format and never leave the machine.

The practice town lives on them, so that a newcomer sees every network come alive with no keys, and
the tests ask them instead of the platforms. Each is held against the platform's own
machine-readable description in the tests.
"""
