"""The nouns of the trade, frozen.

Money is integer micros, time is an hour of the week of an account, a metric is a ratio of two sums, a panel is facts
as arrays, an error says what to do next. Values enter and leave; nothing here reads a clock, a file, a database or a
network, and nothing here imports from another room of adtempo.
"""
