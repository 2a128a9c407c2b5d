"""The pages of the employees feature."""
