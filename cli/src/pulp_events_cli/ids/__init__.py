"""Ids as a user types them: whole, or the beginning of one."""
