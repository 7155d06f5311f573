"""A batch with more rows than its contract holds at once: checked, profiled and scored in partitions, each by itself.

What comes out is that of the undivided batch: the same files by their hashes, the same verdict, report and scores. The
partitions may be taken one after the other by one process (`pipeline.validate`, `pipeline.score`) or side by side by mapped
tasks, whose results are files of the lake named by their content (`pipeline.partitions.handoff`); one task commits, once.
"""
