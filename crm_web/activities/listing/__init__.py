"""The list of activities."""
