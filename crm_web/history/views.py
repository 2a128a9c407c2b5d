"""The pages of the history feature."""
