"""One file per platform; each turns the platform's words into ours and does nothing else."""
