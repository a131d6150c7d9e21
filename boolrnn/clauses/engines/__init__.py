"""What answers a question: one file per engine, each behind the same contract."""
