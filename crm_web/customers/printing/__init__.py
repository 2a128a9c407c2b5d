"""Customers on paper."""
