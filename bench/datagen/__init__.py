"""A database of any size to measure by: realistic, skewed, and the same for the same seed."""
