"""The list of leads, on the screen, on paper and as a file."""
