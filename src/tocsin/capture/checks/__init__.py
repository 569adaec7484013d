"""Questions to the destination about loaded data: compiled to its SQL, run where the data are."""
