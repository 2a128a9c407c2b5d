"""Printed pages of customers."""
