"""The pages of the leads feature."""
