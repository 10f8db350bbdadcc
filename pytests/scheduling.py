"""How xdist hands out the tests, which conftest.py has sorted by length.

The suite mostly waits for the kernel's timers, the longest for two minutes: those start first. xdist's own
schedulers give each worker a chunk of neighbours, that is, all long tests to one worker, one after the other.
`OneByOne` gives a worker its next test when it needs one. A worker always holds two (it tells a test what comes
after it), so the first partner of each of the longest tests is one of the shortest.
"""
from __future__ import annotations

from xdist.scheduler import LoadScheduling


class OneByOne(LoadScheduling):
    """Load scheduling without chunks, for tests that are sorted by length, the longest first."""

    def schedule(self) -> None:
        """Give each worker a long test and a short one; later calls only see to idle workers."""
        if self.collection is not None:
            super().schedule()
            return
        if not self._check_nodes_have_same_collection():
            return
        self.collection = next(iter(self.node2collection.values()))
        self.pending[:] = range(len(self.collection))
        workers = len(self.nodes)
        if len(self.pending) > 2 * workers:
            partners = self.pending[-workers:]
            self.pending[-workers:] = []
            self.pending[workers:workers] = partners
        for _ in range(2):
            for node in self.nodes:
                self._send_tests(node, 1)
        if not self.pending:
            for node in self.nodes:
                node.shutdown()

    def check_schedule(self, node, duration: float = 0) -> None:
        """Fill a worker up to two tests; send it home when there are no more."""
        if node.shutting_down:
            return
        while self.pending and len(self.node2pending[node]) < 2:
            self._send_tests(node, 1)
        if not self.pending:
            node.shutdown()
