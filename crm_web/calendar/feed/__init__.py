"""The calendar for other programs: an address that calendar apps read, and a file of one activity."""
