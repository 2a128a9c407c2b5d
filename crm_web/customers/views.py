"""The pages of the customers feature."""
