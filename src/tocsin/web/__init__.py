"""The server: reports come in, and programs and people see and act."""
