"""Moves data: out of a server into one file, out of that file into a server, and from one server to another."""
