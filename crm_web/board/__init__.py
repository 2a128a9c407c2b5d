"""The board: a column for each status, a card for each lead."""
