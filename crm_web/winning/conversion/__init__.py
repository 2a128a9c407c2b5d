"""Conversions: the customer of a won lead is created, linked or reverted."""
