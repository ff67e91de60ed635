"""Finds a blob in a format that stores pieces in order."""

import bisect


class Pieces:
    """Pieces in the order of their blobs: row groups, batches, files."""

    def __init__(self, counted):
        """Takes pairs of a piece and its number of blobs."""
        self.pieces, self.ends, end = [], [], 0
        for piece, count in counted:
            end += count
            self.pieces.append(piece)
            self.ends.append(end)

    def find(self, index):
        """Returns the piece with a blob, and the index of the blob in it."""
        position = bisect.bisect_right(self.ends, index)
        return self.pieces[position], index - (self.ends[position - 1] if position else 0)
