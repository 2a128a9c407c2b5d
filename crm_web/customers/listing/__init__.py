"""The list of customers, on the screen, on paper and as a file."""
