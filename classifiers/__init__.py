"""Text in, suggestion out. No Flask, no database."""
