"""What runs by itself, and when.

`schedule.py` lists the jobs; `runner.py` sees to it that each slot of each job runs once, however many processes look
at the clock: a slot is a row, a run holds an expiring lease with a fencing number, and what a run did to our own tables
commits together with the fact that it is done. A job composes what lives below (syncing, compacting, reporting); it
holds no rule of its own and sends nothing to a platform except by way of `changes`.
"""
