"""The bottom floor: time, text, keys and log lines; knows nothing of Växeln."""
