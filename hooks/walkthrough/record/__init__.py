"""What is kept of a walk: the evidence that is committed, and the memory of verdicts."""
