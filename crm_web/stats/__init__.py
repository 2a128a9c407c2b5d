"""Aggregates kept by the database, periods, and formatting of totals."""
