"""Definitions: what CREATE, ALTER, DROP and deployments make of a catalog."""
