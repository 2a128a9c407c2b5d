"""Aggregates that the database keeps, the periods that they are asked for, and how they read."""
