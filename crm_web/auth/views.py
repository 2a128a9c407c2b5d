"""The pages of the auth feature."""
