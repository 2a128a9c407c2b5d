"""The pages of the activities feature."""
