"""Writes what is derived from the server's definitions. Not shipped."""
