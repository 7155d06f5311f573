"""The routes of the pages, of their forms, and of the programs that ask."""
