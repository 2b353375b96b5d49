"""Renewing the course: newer patch releases of what it pins, each kind of pin in one file of ``kinds``."""
