"""At home in orchestrators: one file each, imported only by those who name it."""
