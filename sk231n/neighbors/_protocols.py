"""What screens and searches have in common: the methods that others may call."""

from typing import Protocol


class Screen(Protocol):
    """Cheap scores of all pairs of a query and a training row, and bounds that hold for them.

    The smaller the score, the nearer the training row probably is. A score is no distance, but a
    screen knows the largest score that a row within a given distance can have, all rounding
    included. So a search never loses a neighbour, however rough the scores are.

    Attributes
    ----------
    dtype : type
        NumPy's type of the scores. The largest value of an integer type, and infinity in a floating
        type, are never the score of a row.
    n_estimates : int
        How many of the rows with the best scores are compared by :meth:`estimate` for each one
        whose distance is computed first; 1 means that the scores themselves are precise enough.
    """

    dtype: type
    n_estimates: int = 1

    def encode(self, Q):
        """Compute from the queries what the other methods need.

        Parameters
        ----------
        Q : ndarray of shape (n_queries, n_features)
            A block of queries.

        Returns
        -------
        tuple
            The codes, whose content is the screen's own affair.
        """

    def scores(self, codes, samples, out):
        """Write the scores of all queries for some of the training rows.

        Parameters
        ----------
        codes : tuple
            What :meth:`encode` returned for the queries.
        samples : slice
            The training rows.
        out : ndarray of shape (n_queries, n_samples_of_the_slice)
            Array of type `dtype` to write into. A score of NaN means that nothing is known.
        """

    def limits(self, codes, radii):
        """Compute the largest score that a training row near each query can have.

        Parameters
        ----------
        codes : tuple
            What :meth:`encode` returned for the queries.
        radii : ndarray of shape (n_queries,)
            Exact distances, one for each query.

        Returns
        -------
        ndarray of shape (n_queries,)
            No training row within the distance has a larger score.
        """

    def prune(self, codes, radii, queries, samples):
        """Remove candidates that finer bounds exclude; without finer bounds, none.

        Parameters
        ----------
        codes : tuple
            What :meth:`encode` returned for the queries.
        radii : ndarray of shape (n_queries,)
            Exact distances, one for each query.
        queries, samples : ndarray of shape (n_pairs,)
            The candidates as pairs of indices: of a query of the block, and of a training row.

        Returns
        -------
        queries, samples : ndarray of shape (n_remaining,)
            The candidates that may be within the distance of their query.
        """
        return queries, samples

    def estimate(self, codes, queries, samples):
        """Estimate the distances of some pairs; only called if `n_estimates` is above 1.

        Parameters
        ----------
        codes : tuple
            What :meth:`encode` returned for the queries.
        queries, samples : ndarray of shape (n_pairs,)
            Pairs of indices: of a query of the block, and of a training row.

        Returns
        -------
        ndarray of shape (n_pairs,)
            Numbers that grow with the distance, in no particular unit.
        """
        raise NotImplementedError


class Search(Protocol):
    """A way to find the exact nearest training rows.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        The training rows.
    on_threads : bool
        Whether several workers may run at the same time, on as many threads.
    """

    X: object
    on_threads: bool

    def for_queries(self, n_queries):
        """Return the search to take for so many queries: this one, unless it defers to others."""
        return self

    def block_size(self, memory, k):
        """Compute how many queries a worker may search at a time.

        Parameters
        ----------
        memory : float
            Bytes that the worker may use for them.
        k : int
            Number of neighbours.

        Returns
        -------
        int
            Number of queries, at least 1.
        """

    def make_worker(self, Q, k, block_size, distances, indices):
        """Prepare a function that finds the neighbours of a block of queries.

        It owns the arrays in which it works, so that each thread needs one of its own.

        Parameters
        ----------
        Q : ndarray of shape (n_queries, n_features)
            All queries.
        k : int
            Number of neighbours.
        block_size : int
            Largest number of queries in a block.
        distances : ndarray of shape (n_queries, k)
            Array of float64 in which the worker writes the distances.
        indices : ndarray of shape (n_queries, k)
            Array of integers in which the worker writes the indices of the training rows, ordered
            by (distance, index).

        Returns
        -------
        callable
            ``worker(block)``, where `block` is a slice of the queries.
        """
