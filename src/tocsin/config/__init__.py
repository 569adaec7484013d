"""Settings from files and the environment, checked; a problem never breaks a pipeline."""
