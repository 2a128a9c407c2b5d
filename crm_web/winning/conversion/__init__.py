"""The customer of a won lead: how it is made from the lead, linked, and reverted."""
