"""Measurements. Each prints its figures; none of them is a test."""
