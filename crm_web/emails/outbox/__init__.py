"""The page on which administrators see what became of emails."""
