"""Jobs that ping: `curl https://…/ping/KEY/JOB` at the end of a line of a crontab is enough to be watched."""
