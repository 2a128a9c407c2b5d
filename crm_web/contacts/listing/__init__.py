"""The list of contacts, on the screen, on paper and as a file."""
