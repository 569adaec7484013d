"""Facts and acts as tools of the Model Context Protocol (modelcontextprotocol.io)."""
