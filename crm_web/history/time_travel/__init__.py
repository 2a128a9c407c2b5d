"""Records as they were at a moment in the past."""
