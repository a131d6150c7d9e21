"""What the pages of `boolrnn report` show, as plain values made from results."""
