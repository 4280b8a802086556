"""Statistics that know nothing of advertising.

Arrays and frozen values enter, estimates with their uncertainty leave. Nothing here reads a database, a clock or the
network, or draws a random number that it was not handed; numbers come with the formula's reference.
"""

import scipy.linalg  # noqa: F401 - brings its own linear algebra, as NumPy does; both are meant below
from threadpoolctl import threadpool_limits

threadpool_limits(1, user_api="blas")
"""Our matrices are small: more threads make them slower, ten times so on a busy machine, and let the last bits differ
from machine to machine, so that no past decision could be rebuilt."""
