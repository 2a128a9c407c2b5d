"""Employees in the API."""
