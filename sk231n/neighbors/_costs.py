"""What a search costs: the time of its steps in seconds, and the memory that they need in bytes.

The times decide which screen a search uses, and change nothing else: the distances are exact with
every screen. They are rough measurements on one core, and only their ratios count, which differ
less between machines than the times. ``benchmarks/neighbor_costs.py`` measures them and prints them
beside the values here.

The bytes decide how many queries are searched at a time, so that a search keeps within
scikit-learn's ``working_memory``. Each counts all arrays that exist at the same time, and is
rounded up.
"""

# ------------------------------------------------------------------------------ seconds, one core

# One multiplication or addition of a matrix product in float32.
SECONDS_PER_FLOP = 1 / 100e9

# Encoding rows in float64, relative to a matrix product of the same shape in float32: such a
# product takes twice as long, and the rows have to be converted.
ENCODING_SLOWDOWN = 2.5

# An exact distance, for each coordinate of its two rows. The times are those of bytes; rows of
# floats, whose differences are taken in float64, need two to three times as long.
SECONDS_PER_EUCLIDEAN_COORDINATE = 0.4e-9
SECONDS_PER_MANHATTAN_COORDINATE = 0.45e-9

# Whatever a candidate takes besides its coordinates: listing it, fetching its rows, sorting it in.
SECONDS_PER_EUCLIDEAN_CANDIDATE = 200e-9
SECONDS_PER_MANHATTAN_CANDIDATE = 100e-9

# The Manhattan distance of two codes in integers of 16 bits, for each of their coordinates: where
# all pairs are compared, and where the compared pairs are scattered.
SECONDS_PER_CODE_OF_ALL_PAIRS = 0.12e-9
SECONDS_PER_CODE_OF_SOME_PAIRS = 0.35e-9

# ------------------------------------------------------------------------------------------ bytes

# In a search through all pairs: a pair of a query and a training row.
BYTES_PER_PAIR = 64

# In a search with a screen: one of the first candidates of a query.
BYTES_PER_FIRST_CANDIDATE = 64

# In a search in a k-d tree: a query.
BYTES_PER_TREE_QUERY = 2**12

# While votes are counted: a neighbour of a query.
BYTES_PER_NEIGHBOR = 192

# In temporary arrays whose size does not depend on the number of queries: a number.
BYTES_PER_TEMPORARY_NUMBER = 96
