"""A use case's code runs in a process of its own: no credentials, its own folder, limits (docs/adr/0020).

Importing this package imports nothing: its worker must confine itself before any library starts a thread.
"""
