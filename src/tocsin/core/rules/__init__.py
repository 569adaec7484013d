"""One file a question; each rule looks at facts and returns findings."""
