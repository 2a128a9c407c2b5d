"""The pages of the trash feature."""
