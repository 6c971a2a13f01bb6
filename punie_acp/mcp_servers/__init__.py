"""Servers of the Model Context Protocol that the client names: their tools become functions of a program."""
