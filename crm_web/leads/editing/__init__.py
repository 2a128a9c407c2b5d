"""Small changes of a lead: taking it, and undoing an edit."""
