"""What programs ask of the server: one file a resource."""
