"""What has been said: one door in, the states a case can have, and how to find it again."""
