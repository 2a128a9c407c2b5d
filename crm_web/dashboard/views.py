"""The pages of the dashboard feature."""
