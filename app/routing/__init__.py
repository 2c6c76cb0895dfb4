"""Which department answers: the model advises with its reasons, people decide."""
