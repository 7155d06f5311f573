"""The bodies of the tasks. Libraries are imported in the task, never at parse."""
