"""Statistics that know nothing of advertising.

Arrays and frozen values enter, estimates with their uncertainty leave. Nothing here reads a database, a clock or the
network, or draws a random number that it was not handed; numbers come with the formula's reference.
"""
