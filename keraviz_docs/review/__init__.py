"""Two architectures compared: matching, changes, checkpoint verdict, snapshots, reports."""
